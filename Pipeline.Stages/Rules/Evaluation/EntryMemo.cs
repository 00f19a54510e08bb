using Pipeline.Contracts.V1;
using Pipeline.Stages.Rules.Expressions;

namespace Pipeline.Stages.Rules.Evaluation;

/// <summary>
/// What an expression over one narrow column gave for each of its raw values, kept over frames: of texts by their cache's id, of
/// numbers by width and scale.
/// </summary>
/// <param name="slot">The column.</param>
/// <param name="unknown">Stands where nothing was evaluated yet.</param>
internal sealed class EntryMemo<T>(Slot slot, T unknown)
{
    private readonly T[]?[] _numbers = new T[]?[2 * (Number.MaxScale + 1)];
    private T[] _texts = [];
    private int _generation;

    /// <summary>Results by key for the frame at hand; a text's key is its id, any other value's the raw value.</summary>
    public T[] For(FrameRows rows)
    {
        if (slot.Kind == ColumnKind.Text)
            return ForTexts(rows.Texts(slot));

        var column = rows.Column(slot);
        return _numbers[(column.Scale * 2) + (column.Width == 2 ? 1 : 0)] ??= New(column.Width == 2 ? 65_536 : 256);
    }

    public void Clear()
    {
        Array.Clear(_numbers);
        _texts = [];
    }

    private T[] ForTexts(TextCache cache)
    {
        if (_generation != cache.Generation)
        {
            _generation = cache.Generation;
            Array.Fill(_texts, unknown);
        }

        if (_texts.Length < cache.Count)
        {
            var before = _texts.Length;
            Array.Resize(ref _texts, Math.Max(cache.Count, Math.Max(16, before * 2)));
            Array.Fill(_texts, unknown, before, _texts.Length - before);
        }

        return _texts;
    }

    private T[] New(int size)
    {
        var entries = new T[size];
        Array.Fill(entries, unknown);
        return entries;
    }
}
