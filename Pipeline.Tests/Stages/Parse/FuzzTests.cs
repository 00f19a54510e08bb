using System.Globalization;
using System.Text;
using CsCheck;
using Pipeline.Contracts.V1;

namespace Pipeline.Tests.Stages.Parse;

/// <summary>Compares the stage, with its shapes and shortcuts, line by line with a plain parser of the same rules.</summary>
public sealed class FuzzTests
{
    // PIPELINE_FUZZ_LINES sets another number of lines (1000000 for a long run), PIPELINE_FUZZ_SEED repeats a run.
    private const int DefaultLines = 20_000;

    [Fact]
    public async Task Process_MutatedLines_MatchesTheReferenceParser()
    {
        var lines = Setting("PIPELINE_FUZZ_LINES") ?? DefaultLines;
        var seed = Setting("PIPELINE_FUZZ_SEED") ?? Random.Shared.Next();
        var random = new Random(seed);
        for (var done = 0; done < lines;)
        {
            var batch = Enumerable.Range(0, random.Next(1, 200)).Select(_ => Mutations.Line(random)).ToList();
            var difference = await DifferenceAsync(batch, ParseRun.AllColumns, random.Next(2) == 0);
            Assert.True(difference is null, $"PIPELINE_FUZZ_SEED={seed}, after {done} lines: {difference}");
            done += batch.Count;
        }
    }

    [Fact]
    public void Process_AnyColumnsRequested_MatchesTheReferenceParser() =>
        Gen.Select(Gen.Int, Gen.Int[0, 63], Gen.Int[1, 30], Gen.Bool).Sample(
            (seed, wanted, count, newline) =>
            {
                var random = new Random(seed);
                var columns = ParseRun.AllColumns.Where((_, i) => (wanted & (1 << i)) != 0).ToArray();
                var batch = Enumerable.Range(0, count).Select(_ => Mutations.Line(random)).ToList();
                var difference = DifferenceAsync(batch, columns, newline).GetAwaiter().GetResult();
                return difference is null ? true : throw new InvalidOperationException(difference);
            },
            iter: 300);

    // The first difference between the output of the stage and that of the reference parser; null if there is none.
    private static async Task<string?> DifferenceAsync(List<byte[]> lines, string[] columns, bool newlineAtEnd)
    {
        byte[] ends = [(byte)'\r', (byte)'\n'];
        var bytes = lines.SelectMany((line, i) => line.Concat(i % 5 == 0 ? ends : ends[1..])).ToArray();
        bytes = newlineAtEnd || lines[^1].Length == 0 ? bytes : bytes[..^1];
        var run = new ParseRun();
        await using var stage = await run.OpenAsync(new RunOptions(), columns);

        // Twice: in the second round the shapes are known from the first line on.
        for (var round = 0; round < 2; round++)
        {
            run.Frames.Clear();
            run.Events.Clear();
            run.Rejects.Clear();
            run.WorkItems.Clear();
            await stage.ProcessAsync(ParseRun.FrameOf(bytes), run, CancellationToken.None);
            if (run.Events.Count + run.Rejects.Count + run.WorkItems.Count != lines.Count)
                return $"{lines.Count} lines became {run.Events.Count} events, {run.Rejects.Count} rejects, {run.WorkItems.Count} work items";

            if (Compare(lines, run, columns) is { } difference)
                return difference;
        }

        return null;
    }

    private static string? Compare(List<byte[]> lines, ParseRun run, string[] columns)
    {
        var rejects = run.Rejects.ToDictionary(r => r.Line, r => r.Reason);
        var workItems = run.WorkItems.ToDictionary(w => w.Line, w => w.VectorChecksum.ToString("R", CultureInfo.InvariantCulture));
        var nextEvent = 0;
        for (var i = 0; i < lines.Count; i++)
        {
            var number = i + 1L;
            var expected = ReferenceParser.Parse(lines[i], (type, user, ts, value) => Shown(new ParsedEvent(
                columns.Contains("type") ? type : null,
                columns.Contains("user") ? user : null,
                columns.Contains("ts") ? ts : 0,
                columns.Contains("value") ? value : 0,
                columns.Contains("line") ? number : 0,
                0)));
            var actual = rejects.TryGetValue(number, out var reason) ? reason
                : workItems.TryGetValue(number, out var sum) ? sum
                : nextEvent < run.Events.Count ? Shown(run.Events[nextEvent++])
                : "nothing";
            if (expected != actual)
                return $"line {number}: {actual} instead of {expected}: {Encoding.Latin1.GetString(lines[i])}";
        }

        return null;
    }

    private static string Shown(ParsedEvent e) => string.Create(CultureInfo.InvariantCulture, $"{e.Type}|{e.User}|{e.Ts}|{e.Value:0.#########}|{e.Line}");

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var number) ? number : null;
}
