using System.Globalization;
using System.Text;
using CsCheck;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Parse;
using Pipeline.Stages.Parse.Events;
using Pipeline.Stages.Parse.Lines;
using Pipeline.Stages.Parse.WorkItems;

namespace Pipeline.Tests.Stages.Parse;

/// <summary>The stage, with its shapes and shortcuts, against the full parser on its own, line by line.</summary>
public sealed class FuzzTests
{
    // Lines of the long run; PIPELINE_FUZZ_LINES=1000000 for the whole of it, PIPELINE_FUZZ_SEED to repeat one.
    private const int DefaultLines = 20_000;

    [Fact]
    public async Task Mutated_lines_are_each_an_event_a_work_item_or_a_reject_and_the_right_one()
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
    public void Shapes_and_the_full_parser_agree_whatever_columns_are_wanted() =>
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

    // What the stage makes of the lines against what the full parser does; null where they agree.
    private static async Task<string?> DifferenceAsync(List<byte[]> lines, string[] columns, bool newlineAtEnd)
    {
        byte[] ends = [(byte)'\r', (byte)'\n'];
        var bytes = lines.SelectMany((line, i) => line.Concat(i % 5 == 0 ? ends : ends[1..])).ToArray();
        bytes = newlineAtEnd || lines[^1].Length == 0 ? bytes : bytes[..^1];
        var run = new ParseRun();
        await using var stage = new ParseStage(ParseRun.Context(run.Meter));
        await stage.OpenAsync(new OpenRun(), new RunOpened { Columns = { columns } }, CancellationToken.None);

        // Twice, so that the second time shapes are known from the first line on.
        for (var round = 0; round < 2; round++)
        {
            run.Frames.Clear();
            run.Events.Clear();
            run.Rejects.Clear();
            run.WorkItems.Clear();
            await stage.ProcessAsync(ParseRun.FrameOf(bytes), run, CancellationToken.None);
            if (run.Events.Count + run.Rejects.Count + run.WorkItems.Count != lines.Count)
            {
                return $"{lines.Count} lines became {run.Events.Count} events, {run.Rejects.Count} rejects, {run.WorkItems.Count} work items";
            }

            if (Compare(lines, run, columns) is { } difference)
            {
                return difference;
            }
        }

        return null;
    }

    private static string? Compare(List<byte[]> lines, ParseRun run, string[] columns)
    {
        var parser = new LineParser(null);
        var items = new WorkItemParser();
        var rejects = run.Rejects.ToDictionary(r => r.Line, r => r.Reason);
        var workItems = run.WorkItems.ToDictionary(w => w.Line, w => BitConverter.DoubleToInt64Bits(w.VectorChecksum).ToString("x16", CultureInfo.InvariantCulture));
        var nextEvent = 0;
        for (var i = 0; i < lines.Count; i++)
        {
            var number = i + 1L;
            var line = lines[i].AsSpan();
            line = line.Length > 0 && line[^1] == '\r' && (i % 5 != 0) ? line[..^1] : line;
            var values = default(EventValues);
            var verdict = parser.Parse(line, ref values);
            WorkItem? item = null;
            verdict = verdict == Verdict.WorkItem ? items.Parse(line, parser.Fields, number, out item, CancellationToken.None) : verdict;
            var expected = verdict == Verdict.Event ? Expected(values, columns, number)
                : item is not null ? BitConverter.DoubleToInt64Bits(item.VectorChecksum).ToString("x16", CultureInfo.InvariantCulture)
                : verdict.Reason();
            var actual = rejects.TryGetValue(number, out var reason) ? reason
                : workItems.TryGetValue(number, out var sum) ? sum
                : nextEvent < run.Events.Count ? Shown(run.Events[nextEvent++])
                : "nothing";
            if (expected != actual)
            {
                return $"line {number}: {actual} instead of {expected}: {Encoding.Latin1.GetString(lines[i])}";
            }
        }

        return null;
    }

    private static string Expected(in EventValues values, string[] columns, long line) => Shown(new ParsedEvent(
        columns.Contains("type") ? Encoding.UTF8.GetString(values.Type) : null,
        columns.Contains("user") ? Encoding.UTF8.GetString(values.User) : null,
        columns.Contains("ts") ? values.UnixMillis : 0,
        columns.Contains("value") ? values.Mantissa / (decimal)Math.Pow(10, values.Scale) : 0,
        columns.Contains("line") ? line : 0,
        0));

    private static string Shown(ParsedEvent e) => string.Create(CultureInfo.InvariantCulture, $"{e.Type}|{e.User}|{e.Ts}|{e.Value:0.#########}|{e.Line}");

    private static int? Setting(string name) => int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var number) ? number : null;
}
