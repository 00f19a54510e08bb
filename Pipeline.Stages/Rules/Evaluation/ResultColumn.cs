using System.Numerics;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Rules.Expressions;

namespace Pipeline.Stages.Rules.Evaluation;

/// <summary>Builds columns of evaluated entries.</summary>
internal sealed class ResultColumn(Slot target)
{
    // More bytes of texts than this are cut in two with their frame: a message of several such columns holds 16 MiB.
    private const int MaxTextBytes = 1 << 20;

    private long[] _raw = [];
    private int[] _codes = [];

    /// <summary>A column of the entries' results.</summary>
    /// <param name="count">Rows.</param>
    /// <param name="entries">By entry.</param>
    /// <param name="used">Those that count; failed ones are passed over.</param>
    /// <param name="source">Its raw values are the rows' entries.</param>
    /// <param name="rowEntries">Without source: the rows' entries; empty = a row's entry is the row itself.</param>
    /// <param name="evaluator">Knows the texts.</param>
    /// <returns>Null: numbers have no scale in common, or several texts are too long together.</returns>
    public EventColumn? TryMake(int count, Result[] entries, List<int> used, EventColumn? source, ReadOnlySpan<int> rowEntries, ResultEvaluator evaluator)
    {
        var column = New();
        if (_raw.Length < entries.Length)
            _raw = new long[entries.Length];

        var width = target.Kind == ColumnKind.Text ? EncodeTexts(column.Texts!, entries, used, evaluator) : EncodeNumbers(column, entries, used);
        if (width is null)
        {
            column.Dispose();
            return null;
        }

        column.Allocate(width.Value, count);
        switch (width)
        {
            case 1:
                Spread(column.Data, source, rowEntries);
                break;
            case 2:
                Spread(column.As<short>(), source, rowEntries);
                break;
            case 4:
                Spread(column.As<int>(), source, rowEntries);
                break;
            case 8:
                Spread(column.As<long>(), source, rowEntries);
                break;
        }

        return column;
    }

    private int WidthOf(long min, long max) =>
        target.Kind == ColumnKind.Boolean ? (max == 0 ? 0 : 1) : EventColumn.WidthOfNumbers(min, max);

    private EventColumn New() => new() { Name = target.Name, Kind = target.Kind, Texts = target.Kind == ColumnKind.Text ? new TextTable() : null };

    private int? EncodeTexts(TextTable texts, Result[] entries, List<int> used, ResultEvaluator evaluator)
    {
        if (_codes.Length < evaluator.Texts.Count)
            _codes = new int[Math.Max(evaluator.Texts.Count, _codes.Length * 2)];

        // Rows that were dropped have entries that are not used: their codes must be within the table, too, since later rules look them up.
        Array.Clear(_raw, 0, entries.Length);
        foreach (var entry in used)
        {
            if (entries[entry].Status != ResultStatus.Good)
                continue;

            ref var code = ref _codes[entries[entry].Value]; // + 1
            code = code != 0 ? code : texts.Add(evaluator.Texts[(int)entries[entry].Value]) + 1;
            _raw[entry] = code - 1;
        }

        foreach (var entry in used)
        {
            if (entries[entry].Status == ResultStatus.Good)
                _codes[entries[entry].Value] = 0;
        }

        return texts.ByteLength > MaxTextBytes && texts.Count > 1 ? null : EventColumn.WidthOfCodes(texts.Count);
    }

    private int? EncodeNumbers(EventColumn column, Result[] entries, List<int> used)
    {
        var scale = 0;
        foreach (var entry in used)
            scale = Math.Max(scale, entries[entry].Scale);

        var (min, max) = (0L, 0L);
        foreach (var entry in used)
        {
            if (!new Number(entries[entry].Value, entries[entry].Scale).TryRescale(scale, out var value))
                return null;

            _raw[entry] = value;
            min = Math.Min(min, value);
            max = Math.Max(max, value);
        }

        column.Scale = scale;
        return WidthOf(min, max);
    }

    private void Spread<T>(Span<T> target, EventColumn? source, ReadOnlySpan<int> rowEntries)
        where T : unmanaged, INumber<T>
    {
        switch (source?.Width)
        {
            case null when !rowEntries.IsEmpty:
                Spread(target, rowEntries);
                break;
            case null:
                for (var row = 0; row < target.Length; row++)
                    target[row] = T.CreateTruncating(_raw[row]);

                break;
            case 0:
                target.Fill(T.CreateTruncating(_raw[0]));
                break;
            case 1:
                Spread<T, byte>(target, source.Data);
                break;
            case 2:
                Spread(target, source.As<ushort>());
                break;
            default:
                Spread(target, source.As<int>());
                break;
        }
    }

    private void Spread<T, TSource>(Span<T> target, ReadOnlySpan<TSource> source)
        where T : unmanaged, INumber<T>
        where TSource : unmanaged, INumber<TSource>
    {
        for (var row = 0; row < target.Length; row++)
            target[row] = T.CreateTruncating(_raw[int.CreateTruncating(source[row])]);
    }
}
