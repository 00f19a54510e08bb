using System.Globalization;
using System.Numerics;
using CsCheck;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Tests.Stages.Rules;

namespace Pipeline.Tests.Stages.Aggregate;

/// <summary>Aggregate computes the same groups as LINQ over the plain events, for any frames and after any resume.</summary>
public sealed class AggregatePropertyTests
{
    private static readonly Gen<string> GroupBy = RandomRules.AnyOf(
        "type", "user", "value", "type,user", "user,value", "type,value,user", "half", "half,type", "line", "constant");

    [Fact]
    public void Process_RandomFrames_GivesTheGroupsOfLinq() => Gen.Select(RandomFrames.Frame.Array[0, 6], GroupBy).Sample(
        (frames, groupBy) => Assert.Equal(Expected(frames, groupBy), GroupsAsync(frames, groupBy, _ => false).GetAwaiter().GetResult()),
        iter: 1000);

    [Fact]
    public void Process_Resumed_GivesTheSameGroups() => Gen.Select(RandomFrames.Frame.Array[1, 6], GroupBy, Gen.Int[0, 63]).Sample(
        (frames, groupBy, crashes) => Assert.Equal(
            Expected(frames, groupBy), GroupsAsync(frames, groupBy, frame => ((crashes >> frame) & 1) != 0).GetAwaiter().GetResult()),
        iter: 500);

    // After a frame for which crashesAfter holds, a new attempt resumes from a checkpoint that was serialized and parsed again.
    private static async Task<List<string>> GroupsAsync(PlainFrame[] frames, string groupBy, Func<int, bool> crashesAfter)
    {
        var run = await AggregateRun.OpenAsync(groupBy);
        for (var index = 0; index < frames.Length; index++)
        {
            var frame = ToFrame(frames[index]);
            frame.Filtered = index;
            await run.SendAsync(frame);
            if (crashesAfter(index))
            {
                run = await AggregateRun.OpenAsync(
                    groupBy, CheckpointPage.Parser.ParseFrom(Google.Protobuf.MessageExtensions.ToByteArray(await run.CheckpointAsync())));
            }
        }

        var last = await run.CheckpointAsync();
        Assert.Equal(frames.Sum(frame => (long)frame.Count), last.Counts.Events);
        Assert.Equal(Enumerable.Range(0, frames.Length).Sum(), last.Counts.Filtered);
        return AggregateRun.Lines(last);
    }

    private static EventFrame ToFrame(PlainFrame plain)
    {
        var frame = plain.ToFrame(1).With(Frames.Flag("half", [.. plain.Types.Select(type => type.Length > 2)]));
        return frame.With(Frames.Text("constant", [.. plain.Types.Select(_ => "c")]));
    }

    private static List<string> Expected(PlainFrame[] frames, string groupBy) => [.. frames
        .SelectMany(frame => Enumerable.Range(0, frame.Count).Select(row =>
            (Key: Key(frame, row, groupBy), Value: frame.Mantissas[row] * BigInteger.Pow(10, 9 - frame.Scale))))
        .GroupBy(entry => entry.Key, entry => entry.Value)
        .Select(group => AggregateRun.Line(group.Key, group.Count(), group.Aggregate(BigInteger.Add), group.Min(), group.Max(), 9))
        .Order(StringComparer.Ordinal)];

    private static string Key(PlainFrame frame, int row, string groupBy) => string.Join('|', groupBy.Split(',').Select(column => column switch
    {
        "type" => frame.Types[row],
        "user" => frame.Users[row],
        "half" => (frame.Types[row].Length > 2).ToString(),
        "constant" => "c",
        "line" => PlainFrame.Line(row, 1).ToString(CultureInfo.InvariantCulture),
        _ => AggregateRun.Exact(frame.Mantissas[row], frame.Scale),
    }));
}
