using System.Text;
using Google.Protobuf;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Wire;
using Pipeline.Stages.Parse;

namespace Pipeline.Tests.Stages.Parse;

public sealed class FrameTests
{
    [Fact]
    public async Task Open_ResumeFromBelow_IsPassedUpUnchangedWithoutColumns()
    {
        await using var stage = new ParseStage(Frames.Context());
        var below = new RunOpened { Resume = new Checkpoint { Id = 7 }, Columns = { "type", "rule" }, More = false };

        var opened = await stage.OpenAsync(new OpenRun(), below, CancellationToken.None);

        Assert.Equal(below.Resume, opened.Resume);
        Assert.Empty(opened.Columns);
    }

    [Fact]
    public async Task Process_OtherFrames_ArePassedOnUnchanged()
    {
        var run = new ParseRun();
        await using var stage = await run.OpenAsync(new RunOptions());
        Frame[] frames = [new MessageFrame(new StageInput { Checkpoint = new Checkpoint { Id = 1 } }), new EventFrame(),
            new MessageFrame(new StageInput { EndOfInput = new() })];
        foreach (var frame in frames)
            await stage.ProcessAsync(frame, run, CancellationToken.None);

        Assert.Equal(frames, run.Frames);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task Process_MoreLinesFollow_GathersEventsAtAutomaticBatchSizeOnly(int batchSize)
    {
        var run = new ParseRun();
        await using var stage = await run.OpenAsync(new RunOptions { BatchSize = batchSize }, "line", "value");
        foreach (var (line, more) in new[] { (1, true), (3, true), (5, false), (7, true) })
        {
            var frame = ParseRun.FrameOf(Bytes(Event("view", "1") + Event("view", "x")), firstLine: line);
            frame.More = more;
            await stage.ProcessAsync(frame, run, CancellationToken.None);
        }

        await stage.ProcessAsync(new MessageFrame(new StageInput { Checkpoint = new Checkpoint { Id = 1 } }), run, CancellationToken.None);

        Assert.Equal(batchSize == 0 ? [3, 1, 0] : [1, 1, 1, 1, 0], run.Frames.Select(frame => frame.Items));
        Assert.IsType<MessageFrame>(run.Frames[^1]);
        Assert.Equal([1, 3, 5, 7], run.Events.Select(parsed => parsed.Line));
        Assert.Equal([2, 4, 6, 8], run.Rejects.Select(reject => reject.Line));
    }

    [Fact]
    public async Task Process_FrameCutBetweenScales_HasTheRejectsOfLinesBeforeTheCut()
    {
        Reject[] rejects = [new() { Line = 1 }, new() { Line = 3 }];
        var gaps = new[] { new Gap { Before = 0, Lines = 1, Bytes = 1 }, new Gap { Before = 1, Lines = 1, Bytes = 1 } };
        var lines = ParseRun.FrameOf(Bytes(Event("a", "10000000000") + Event("a", "0.123456789")), gaps, rejects);

        var run = await new ParseRun().RunAsync(lines, ParseRun.AllColumns, []);

        Assert.Equal([2, 0], run.Frames.Select(frame => ((EventFrame)frame).Rejects.Count));
    }

    [Fact]
    public async Task Process_LinesOfSeveralFiles_SendsNoFrameWithTwoFiles()
    {
        var run = await GatherAsync(
            ParseRun.FrameOf(Bytes(Event("a", "1")), file: "1.ndjson"),
            ParseRun.FrameOf(Bytes(Event("b", "1")), file: "1.ndjson"),
            ParseRun.FrameOf(Bytes(Event("c", "x")), file: "2.ndjson"),
            ParseRun.FrameOf(Bytes(Event("d", "1")), file: "3.ndjson"));

        Assert.Equal(
            [("1.ndjson", 2, 0), ("2.ndjson", 0, 1), ("3.ndjson", 1, 0)],
            run.Frames.OfType<EventFrame>().Select(frame => (frame.File, frame.Count, frame.Rejects.Count)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Process_ManyBatchesGathered_KeepsFramesWithinTheMessageLimit(bool rejects)
    {
        var run = await GatherAsync([.. Enumerable.Range(0, 40).Select(i => rejects
            ? ParseRun.FrameOf(
                [], rejects: [.. Enumerable.Range(0, 500).Select(_ => new Reject { Line = i + 1, Raw = ByteString.CopyFrom(new byte[1024]) })],
                firstLine: i + 1)
            : ParseRun.FrameOf(Bytes(Event(new string((char)('a' + (i % 26)), 600_000) + i, "1")), firstLine: i + 1))]);

        Assert.Equal(rejects ? 0 : 40, run.Frames.Sum(frame => frame.Items));
        Assert.Equal(rejects ? 20_000 : 0, run.Rejects.Count);
        Assert.All(run.Frames, frame => Assert.InRange(FrameEncoder.Measure(frame).Length, 0, 4 << 20));
    }

    private static async Task<ParseRun> GatherAsync(params LineFrame[] frames)
    {
        var run = new ParseRun();
        await using var stage = await run.OpenAsync(new RunOptions(), "type");
        foreach (var frame in frames)
        {
            frame.More = true;
            await stage.ProcessAsync(frame, run, CancellationToken.None);
        }

        await stage.ProcessAsync(new MessageFrame(new StageInput { EndOfInput = new EndOfInput() }), run, CancellationToken.None);
        return run;
    }

    [Theory]
    [InlineData("type")]
    [InlineData("value", "ts")]
    [InlineData("offset", "line", "rule", "user")]
    public async Task Process_ColumnsRequested_BuildsOnlyThose(params string[] columns)
    {
        var run = await ParseRun.OverAsync(Event("view", "1.5") + Event("click", "2"), columns);

        var frame = Assert.IsType<EventFrame>(Assert.Single(run.Frames));
        Assert.Equal(columns.Intersect(ParseRun.AllColumns).Order(), frame.Columns.Select(c => c.Name).Order());
        Assert.Equal((2, 77), (frame.Count, frame.ReadMicros));
    }

    [Fact]
    public async Task Process_NoColumnsRequested_StillCountsAndValidates()
    {
        var run = await new ParseRun().RunAsync(
            ParseRun.FrameOf(Bytes(Event("view", "1") + Event("view", "1e99") + Event("", "1") + Event("click", "2"))), [], []);

        Assert.Equal(2, Assert.IsType<EventFrame>(Assert.Single(run.Frames)).Count);
        Assert.Equal(["value_out_of_range", "empty_field"], run.Rejects.Select(r => r.Reason));
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("-128", 1)]
    [InlineData("127", 1)]
    [InlineData("128", 2)]
    [InlineData("-32768", 2)]
    [InlineData("32768", 4)]
    [InlineData("-2147483648", 4)]
    [InlineData("2147483648", 8)]
    [InlineData("-1", 1)]
    public async Task Process_NumberColumn_HasTheLeastWidth(string value, int width)
    {
        foreach (var others in new[] { 0, 1, 3, 4, 9 })
        {
            var lines = string.Concat(Enumerable.Repeat(Event("view", "0"), others)) + Event("view", value);
            var run = await ParseRun.OverAsync(lines);

            Assert.Equal(width, ((EventFrame)run.Frames[0]).Find("value")!.Width);
            Assert.Equal(0, ((EventFrame)run.Frames[0]).Find("type")!.Width);
            Assert.Equal(decimal.Parse(value, System.Globalization.CultureInfo.InvariantCulture), run.Events[^1].Value);
        }
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(256, 1)]
    [InlineData(257, 2)]
    [InlineData(70_000, 4)]
    public async Task Process_TextColumn_HasCodesInOrderOfFirstUse(int distinct, int width)
    {
        var types = Enumerable.Range(0, distinct).Select(i => "type" + new string('x', i % 40) + i).ToArray();
        var run = await ParseRun.OverAsync(string.Concat(types.Concat(types).Select(t => Event(t, "1"))), "type");

        var column = ((EventFrame)Assert.Single(run.Frames)).Find("type")!;
        Assert.Equal((width, distinct), (column.Width, column.Texts!.Count));
        Assert.Equal(types[^1], Encoding.UTF8.GetString(column.Texts[distinct - 1]));
        Assert.Equal(types.Concat(types), run.Events.Select(e => e.Type));
    }

    [Fact]
    public async Task Process_SecondFrame_HasATextTableOfItsOwn()
    {
        var run = new ParseRun();
        await using var stage = await run.OpenAsync(new RunOptions(), "type");
        await stage.ProcessAsync(ParseRun.FrameOf(Bytes(Event("view", "1") + Event("click", "1"))), run, CancellationToken.None);
        await stage.ProcessAsync(ParseRun.FrameOf(Bytes(Event("click", "1") + Event("buy", "1"))), run, CancellationToken.None);

        Assert.Equal(["view", "click", "click", "buy"], run.Events.Select(e => e.Type));
        Assert.Equal(2, ((EventFrame)run.Frames[1]).Find("type")!.Texts!.Count);
    }

    [Fact]
    public async Task Process_ValuesOfSeveralScales_UsesTheLargestScale()
    {
        var run = await ParseRun.OverAsync(Event("a", "3") + Event("a", "-0.25") + Event("a", "1e2") + Event("a", "1.5"));

        Assert.Equal(2, ((EventFrame)Assert.Single(run.Frames)).Find("value")!.Scale);
        Assert.Equal([3m, -0.25m, 100m, 1.5m], run.Events.Select(e => e.Value));
    }

    [Theory]
    [InlineData("9223372036854775807", "0.1")]
    [InlineData("0.1", "-9223372036854775807")]
    public async Task Process_ValuesWithoutCommonScale_AreSplitIntoFrames(string first, string second)
    {
        var run = await ParseRun.OverAsync(Event("a", first) + "bad\n" + Event("b", second) + "bad\n" + Event("a", second));

        Assert.Equal([1, 2], run.Frames.Select(f => f.Items));
        Assert.Equal([2L, 4L], run.Rejects.Select(r => r.Line));
        Assert.Equal([2L], ((EventFrame)run.Frames[0]).Rejects.Select(r => r.Line));
        Assert.Equal([decimal.Parse(first), decimal.Parse(second), decimal.Parse(second)], run.Events.Select(e => e.Value));
        Assert.Equal(["a", "b", "a"], run.Events.Select(e => e.Type));
    }

    [Fact]
    public async Task Process_RejectsOfIngestAndParse_AreMergedInLineOrder()
    {
        Reject[] rejects = [.. new[] { 1L, 4L, 6L, 9L }.Select(line => new Reject { Line = line, Reason = "line_too_long" })];
        Gap[] gaps = [new() { Before = 0, Lines = 1, Bytes = 10 }, new() { Before = 2, Lines = 1, Bytes = 20 },
            new() { Before = 3, Lines = 1, Bytes = 30 }, new() { Before = 5, Lines = 1, Bytes = 5 }];
        var run = await new ParseRun().RunAsync(ParseRun.FrameOf("bad\nbad\nbad\nbad\nbad\n"u8.ToArray(), gaps, rejects), ParseRun.AllColumns, []);

        Assert.Equal([1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L], run.Rejects.Select(r => r.Line));
        Assert.Equal([10L, 14L, 38L, 72L, 76L], run.Rejects.Where(r => r.Reason == "invalid_json").Select(r => r.Offset));
        Assert.Equal(5, run.Meter.Rejected);
    }

    [Fact]
    public async Task Process_GapsBetweenLines_CountIntoLinesAndOffsets()
    {
        var line = Event("a", "1");
        Gap[] gaps = [new() { Before = 1, Lines = 2, Bytes = 7 }, new() { Before = 1, Lines = 1, Bytes = 1 }, new() { Before = 3, Lines = 5, Bytes = 9 }];
        var run = await new ParseRun().RunAsync(ParseRun.FrameOf(Bytes(line + line + line), gaps, firstLine: 100), ParseRun.AllColumns, []);

        Assert.Equal([100L, 104L, 105L], run.Events.Select(e => e.Line));
        Assert.Equal([0L, line.Length + 8, (2 * line.Length) + 8], run.Events.Select(e => e.Offset));
    }

    [Fact]
    public async Task Process_TypeNotAllowed_IsRejected()
    {
        var lines = Event("view", "1") + Event("click", "1") + Event("a type of more than sixteen bytes", "1")
            + Event("a type of more than sixteen bytes!", "1");
        var run = await new ParseRun().RunAsync(ParseRun.FrameOf(Bytes(lines)), ["type"], ["click", "a type of more than sixteen bytes"]);

        Assert.Equal(["click", "a type of more than sixteen bytes"], run.Events.Select(e => e.Type));
        Assert.Equal([(1L, "type_not_allowed"), (4L, "type_not_allowed")], run.Rejects.Select(r => (r.Line, r.Reason)));
    }

    [Fact]
    public async Task Process_ManyRejects_SendsThemInSeveralFrames()
    {
        var run = await ParseRun.OverAsync(string.Concat(Enumerable.Repeat("bad\n", 50_000)));

        Assert.True(run.Frames.Count > 1);
        Assert.All(run.Frames.Cast<EventFrame>(), f => Assert.InRange(f.Rejects.Sum(r => r.CalculateSize()), 1, 1 << 21));
        Assert.Equal(Enumerable.Range(1, 50_000).Select(i => (long)i), run.Rejects.Select(r => r.Line));
    }

    [Fact]
    public async Task Process_EmptyFrame_SendsNothing()
    {
        var run = await ParseRun.OverAsync([]);

        Assert.Empty(run.Frames);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Process_WrongLineCount_IsAProtocolViolation(int count)
    {
        var run = new ParseRun();
        var error = await Assert.ThrowsAsync<StageException>(() => run.RunAsync(ParseRun.FrameOf("a\nb\n"u8.ToArray(), count: count), [], []));

        Assert.Equal(FailureReasons.ProtocolViolation, error.Failure.Reason);
    }

    private static string Event(string type, string value) => $$"""{"ts":"2026-01-01T00:00:00Z","type":"{{type}}","user":"u","value":{{value}}}""" + "\n";

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
