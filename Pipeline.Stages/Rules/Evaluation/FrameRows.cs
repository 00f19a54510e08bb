using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Rules.Expressions;

namespace Pipeline.Stages.Rules.Evaluation;

/// <summary>The frame at hand, as rules see it: its columns by slot, and what has become of each row so far.</summary>
internal sealed class FrameRows : IDisposable
{
    /// <summary>Combinations of columns, for each row of a frame, up to which an expression is evaluated for them and not for the rows.</summary>
    public const int CombinationsPerRow = 8;

    private readonly EventColumn?[] _columns;
    private readonly TextCache?[] _texts;
    private readonly Stack<byte[]> _masks = [];
    private byte[] _state = [];

    public FrameRows(IReadOnlyList<Slot> slots)
    {
        _columns = new EventColumn?[slots.Count];
        _texts = [.. slots.Select(slot => slot.Kind == ColumnKind.Text ? new TextCache() : null)];
        Cursor = new Cursor(slots.Count);
    }

    public int Count { get; private set; }

    /// <summary>By row: 0 = it is still there, otherwise an <see cref="Outcome"/>.</summary>
    public Span<byte> State => _state.AsSpan(0, Count);

    public Cursor Cursor { get; }

    public void Begin(int count)
    {
        Count = count;
        if (_state.Length < count)
            _state = new byte[Math.Max(count, _state.Length * 2)];

        State.Clear();
        Array.Clear(_columns);
        foreach (var texts in _texts)
            texts?.Unload();
    }

    public void Bind(Slot slot, EventColumn column) => _columns[slot.Index] = column;

    public EventColumn Column(Slot slot) => _columns[slot.Index] ?? throw new InvalidOperationException($"Column '{slot}' is not there.");

    /// <summary>The cache of a text slot, with the frame's texts in it.</summary>
    public TextCache Texts(Slot slot)
    {
        var cache = _texts[slot.Index]!;
        if (!cache.Loaded)
            cache.Load(Column(slot).Texts!);

        return cache;
    }

    /// <summary>Combines columns of the frame.</summary>
    /// <returns>False: they are to be read by row.</returns>
    public bool TryCombine(Slot[] slots, Combination combination)
    {
        for (var column = 0; column < slots.Length; column++)
            combination.Columns[column] = Column(slots[column]);

        return combination.TryCombine(Count);
    }

    /// <summary>Puts a row's value under the cursor.</summary>
    public void Fill(Slot slot, int row)
    {
        var column = Column(slot);
        if (column.Kind == ColumnKind.Number)
            Cursor.Numbers[slot.Index] = Number.ToDecimal(column.ReadNumber(row), column.Scale);
        else
            FillEntry(slot, column.ReadCode(row));
    }

    /// <summary>Puts a raw value of a narrow column, from 0 to below its domain, under the cursor.</summary>
    public void FillEntry(Slot slot, int entry)
    {
        switch (slot.Kind)
        {
            case ColumnKind.Text:
                var texts = Texts(slot);
                Cursor.Texts[slot.Index] = texts[texts.Ids[entry]];
                break;
            case ColumnKind.Boolean:
                Cursor.Flags[slot.Index] = entry != 0;
                break;
            default:
                var column = Column(slot);
                Cursor.Numbers[slot.Index] = Number.ToDecimal(column.Width == 2 ? (short)entry : (sbyte)entry, column.Scale);
                break;
        }
    }

    /// <summary>Puts the values of a combination under the cursor.</summary>
    public void FillEntry(Slot[] slots, Combination combination, int entry)
    {
        for (var column = 0; column < slots.Length; column++)
            FillEntry(slots[column], combination.CodeOf(entry, column));
    }

    /// <summary>A mask of <see cref="Count"/> bytes at least, of undefined content; given back by <see cref="ReturnMask"/>.</summary>
    public byte[] RentMask()
    {
        var mask = _masks.Count > 0 ? _masks.Pop() : [];
        return mask.Length >= Count ? mask : new byte[_state.Length];
    }

    public void ReturnMask(byte[] mask) => _masks.Push(mask);

    public void Dispose()
    {
        foreach (var texts in _texts)
            texts?.Dispose();
    }
}
