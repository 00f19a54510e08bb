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

    private int[] _codes = [];
    private long[] _raw = [];

    /// <summary>A column of the entries' results.</summary>
    /// <param name="results">By entry.</param>
    /// <param name="used">Those that count; failed ones are passed over.</param>
    /// <param name="codes">By row.</param>
    /// <param name="domain">Codes lie below.</param>
    /// <param name="texts">Texts by id.</param>
    /// <returns>Null: numbers have no scale in common, or several texts are too long together.</returns>
    public EventColumn? TryMake<T>(Result[] results, ReadOnlySpan<int> used, ReadOnlySpan<T> codes, int domain, TextIndex texts)
        where T : unmanaged, INumber<T>
    {
        var column = new EventColumn { Name = target.Name, Kind = target.Kind, Texts = target.Kind == ColumnKind.Text ? new TextTable() : null };
        if (_raw.Length < domain)
            _raw = new long[Math.Max(domain, _raw.Length * 2)];

        var width = target.Kind == ColumnKind.Text ? EncodeTexts(column.Texts!, results, used, domain, texts) : EncodeNumbers(column, results, used);
        if (width is null)
        {
            column.Dispose();
            return null;
        }

        column.Allocate(width.Value, codes.Length);
        switch (width)
        {
            case 1:
                Spread(codes, column.Data);
                break;
            case 2:
                Spread(codes, column.As<short>());
                break;
            case 4:
                Spread(codes, column.As<int>());
                break;
            case 8:
                Spread(codes, column.As<long>());
                break;
        }

        return column;
    }

    private int WidthOf(long min, long max) =>
        target.Kind == ColumnKind.Boolean ? (max == 0 ? 0 : 1) : EventColumn.WidthOfNumbers(min, max);

    private int? EncodeTexts(TextTable table, Result[] results, ReadOnlySpan<int> used, int domain, TextIndex texts)
    {
        if (_codes.Length < texts.Count)
            _codes = new int[Math.Max(texts.Count, _codes.Length * 2)];

        // Rows that were dropped have codes that are not used: theirs must be within the table, too, since later rules look them up.
        Array.Clear(_raw, 0, domain);
        foreach (var entry in used)
        {
            ref readonly var result = ref results[entry];
            if (result.State == Outcome.Failed)
                continue;

            ref var code = ref _codes[result.Value]; // + 1
            code = code != 0 ? code : table.Add(texts[(int)result.Value]) + 1;
            _raw[entry] = code - 1;
        }

        foreach (var entry in used)
        {
            if (results[entry].State != Outcome.Failed)
                _codes[results[entry].Value] = 0;
        }

        return table.ByteLength > MaxTextBytes && table.Count > 1 ? null : EventColumn.WidthOfCodes(table.Count);
    }

    private int? EncodeNumbers(EventColumn column, Result[] results, ReadOnlySpan<int> used)
    {
        foreach (var entry in used)
            column.Scale = Math.Max(column.Scale, results[entry].Scale);

        var (min, max) = (0L, 0L);
        foreach (var entry in used)
        {
            ref readonly var result = ref results[entry];
            if (!new Number(result.Value, result.Scale).TryRescale(column.Scale, out var value))
                return null;

            _raw[entry] = value;
            min = Math.Min(min, value);
            max = Math.Max(max, value);
        }

        return WidthOf(min, max);
    }

    private void Spread<T, TTarget>(ReadOnlySpan<T> codes, Span<TTarget> target)
        where T : unmanaged, INumber<T>
        where TTarget : unmanaged, INumber<TTarget>
    {
        for (var row = 0; row < target.Length; row++)
            target[row] = TTarget.CreateTruncating(_raw[int.CreateTruncating(codes[row])]);
    }
}
