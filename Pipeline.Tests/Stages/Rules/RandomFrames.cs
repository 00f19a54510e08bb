using CsCheck;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;

namespace Pipeline.Tests.Stages.Rules;

/// <summary>Random frames of all widths and scales.</summary>
internal static class RandomFrames
{
    private static readonly Gen<long> Mantissas = Gen.OneOf(
        Gen.Const(0L), Gen.Long[-100, 100], Gen.Long[-100, 100], Gen.Long[-30_000, 30_000], Gen.Long[-2_000_000_000, 2_000_000_000],
        Gen.Long[-long.MaxValue, long.MaxValue]);

    /// <summary>Plain events of one frame, with the scale and the minimum width of its values.</summary>
    public static Gen<PlainFrame> Frame { get; } = Gen.Select(
        Gen.OneOf(Gen.Int[1, 3], Gen.Int[1, 200], Gen.Int[200, 400]),
        Gen.Int[0, 5],
        Gen.Int[0, 9],
        RandomRules.AnyOf(-1, 0, 1, 2, 4, 8),
        RandomRules.AnyOf(1, 3, 16, 17, 300),
        Gen.Int).SelectMany((count, size, scale, width, texts, seed) => Gen.Select(
            RandomRules.AnyOf(RandomRules.SomeTexts).Array[count],
            Gen.Int[0, texts].Array[count],
            Bounded(size).Array[count],
            Gen.Bool.Array[count],
            (types, users, values, rejected) => new PlainFrame(
                types, [.. users.Select(user => user == 0 ? "" : "u" + user)], values, scale, width, [.. rejected.Select(flag => flag && seed % 4 == 0)])));

    private static Gen<long> Bounded(int size) => size switch
    {
        0 => Gen.Const(0L),
        1 => Gen.Long[-128, 127],
        2 => Gen.Long[short.MinValue, short.MaxValue],
        3 => Gen.Long[int.MinValue, int.MaxValue],
        _ => Mantissas,
    };
}

/// <summary>Events as plain values.</summary>
internal sealed record PlainFrame(string[] Types, string[] Users, long[] Mantissas, int Scale, int Width, bool[] RejectBefore)
{
    public int Count => Types.Length;

    public Dictionary<string, object> Row(int row, long firstLine) => new()
    {
        ["type"] = Types[row],
        ["user"] = Users[row],
        ["ts"] = 1_767_225_600_000m + row,
        ["value"] = Mantissas[row] / (decimal)PowersOfTen.Values[Scale],
        ["line"] = (decimal)Line(row, firstLine),
        ["offset"] = (decimal)Line(row, firstLine) * 100,
    };

    // Every event takes two lines, the first of which may be a reject.
    public static long Line(int row, long firstLine) => firstLine + (row * 2) + 1;

    public EventFrame ToFrame(long firstLine)
    {
        var textWidth = Width is 1 or 2 or 4 ? Width : -1;
        var frame = Frames.Events(Count)
            .With(Frames.Text("type", Types, textWidth)).With(Frames.Text("user", Users, textWidth))
            .With(Frames.Number("ts", [.. Enumerable.Range(0, Count).Select(row => 1_767_225_600_000L + row)]))
            .With(Frames.Number("value", Mantissas, Scale, Width))
            .With(Frames.Number("line", [.. Enumerable.Range(0, Count).Select(row => Line(row, firstLine))]))
            .With(Frames.Number("offset", [.. Enumerable.Range(0, Count).Select(row => Line(row, firstLine) * 100)]));
        frame.Rejects.AddRange(RejectLines(firstLine).Select(line => new Reject { Line = line, Reason = "invalid_json" }));
        return frame;
    }

    public IEnumerable<long> RejectLines(long firstLine) =>
        Enumerable.Range(0, Count).Where(row => RejectBefore[row]).Select(row => Line(row, firstLine) - 1);
}
