using Microsoft.Extensions.Time.Testing;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Aggregate;
using Pipeline.Stages.Core.Batching;

namespace Pipeline.Tests.Stages.Aggregate;

public sealed class AggregateStageTests
{
    [Fact]
    public async Task Process_NoGroupBy_GroupsByType()
    {
        var run = await AggregateRun.OpenAsync("");
        Assert.Equal(["type", "value"], run.Opened.Columns);
        await run.SendAsync(Frames.Of(("click", "u", 1.5m), ("purchase", "u", 2), ("click", "w", 0.25m)), Frames.Of(("click", "u", -3)));

        Assert.Equal(["click 3 -125e-2 -3 15e-1", "purchase 1 2 2 2"], await run.GroupsAsync());
        Assert.Equal((4L, 0L), ((await run.CheckpointAsync()).Counts.Events, (await run.CheckpointAsync()).Counts.Filtered));
    }

    [Theory]
    [InlineData("type,user", "type,user,value", "a|u 1 1 1 1;a|w 1 2 2 2;b|u 1 3 3 3")]
    [InlineData("user,type", "user,type,value", "u|a 1 1 1 1;u|b 1 3 3 3;w|a 1 2 2 2")]
    [InlineData("value", "value", "1 1 1 1 1;2 1 2 2 2;3 1 3 3 3")]
    [InlineData("line,user", "line,user,value", "1|u 1 1 1 1;2|w 1 2 2 2;3|u 1 3 3 3")]
    public async Task Process_GroupByColumns_GroupsByThose(string groupBy, string asked, string groups)
    {
        var run = await AggregateRun.OpenAsync(groupBy);
        Assert.Equal(asked.Split(','), run.Opened.Columns);
        await run.SendAsync(Frames.Of(("a", "u", 1), ("a", "w", 2), ("b", "u", 3)));

        Assert.Equal(groups.Split(';'), await run.GroupsAsync());
    }

    [Fact]
    public async Task Process_EqualNumbersOfDifferentScale_AreOneKey()
    {
        var run = await AggregateRun.OpenAsync("value");
        await run.SendAsync(Frames.Events(2).With(Frames.Number("value", [150, 7], 2)), Frames.Events(2).With(Frames.Number("value", [15, -15], 1)));

        Assert.Equal(["-15e-1 1 -15e-1 -15e-1 -15e-1", "15e-1 2 3 15e-1 15e-1", "7e-2 1 7e-2 7e-2 7e-2"], await run.GroupsAsync());
    }

    [Fact]
    public async Task Process_GroupByBoolean_GroupsByItsValues()
    {
        var run = await AggregateRun.OpenAsync("flag");
        await run.SendAsync(
            Frames.Events(3).With(Frames.Flag("flag", [true, false, true])).With(Frames.Number("value", [1, 2, 3])),
            Frames.Events(1).With(new EventColumn { Name = "flag", Kind = ColumnKind.Boolean }).With(Frames.Number("value", [4])));

        Assert.Equal(["False 2 6 2 4", "True 2 4 1 3"], await run.GroupsAsync());
    }

    [Fact]
    public async Task Process_SumsBeyond64Bits_AreExact()
    {
        var run = await AggregateRun.OpenAsync("type");
        for (var frame = 0; frame < 3; frame++)
        {
            await run.SendAsync(
                Frames.Events(2).With(Frames.Text("type", ["a", "a"])).With(Frames.Number("value", [long.MaxValue, long.MaxValue])),
                Frames.Events(2).With(Frames.Text("type", ["a", "b"])).With(Frames.Number("value", [1, -long.MaxValue], 9)));
        }

        Assert.Equal(
            ["a 9 55340232221128654842000000003e-9 1e-9 9223372036854775807",
                "b 3 -27670116110564327421e-9 -9223372036854775807e-9 -9223372036854775807e-9"],
            await run.GroupsAsync());
    }

    [Fact]
    public async Task Process_FramesWithEventsAndRejects_PassesOnRejectsOnly()
    {
        var run = await AggregateRun.OpenAsync("type");
        var bad = Frames.Of(("a", "u", 1));
        bad.Filtered = 5;
        bad.Rejects.Add(new Reject { Line = 9 });
        await run.SendAsync(Frames.Of(("a", "u", 1)), bad, new EventFrame { Filtered = 2 });

        var frame = Assert.Single(run.Output.Events);
        Assert.Equal((0, 0, 0L, 9L), (frame.Count, frame.Columns.Count, frame.Filtered, frame.Rejects.Single().Line));
        var counts = (await run.CheckpointAsync()).Counts;
        Assert.Equal((2L, 7L), (counts.Events, counts.Filtered));
    }

    [Fact]
    public async Task Checkpoint_LargeState_IsSentInPages()
    {
        var run = await AggregateRun.OpenAsync("user");
        var users = Enumerable.Range(0, 60_000).Select(number => $"user {number:D20}").ToArray();
        await run.SendAsync(Frames.Events(users.Length).With(Frames.Text("user", users)).With(Frames.Number("value", new long[users.Length])));
        var pages = await run.PagesAsync();

        Assert.InRange(pages.Count, 30, 60);
        Assert.All(pages, page => Assert.InRange(page.CalculateSize(), 1, (1 << 16) + 1000));
        Assert.All(pages, page => Assert.Equal(1, page.Id));
        Assert.Equal(7, pages[^1].Position.Line);
        Assert.All(pages.SkipLast(1), page => Assert.True(page is { More: true, Counts: null }));
        Assert.True(pages[^1] is { More: false, Counts.Events: 60_000 });
        Assert.Equal(users, pages.SelectMany(page => page.Groups).Select(group => group.Key.Single().Text).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Checkpoint_NoGroups_IsOnePage()
    {
        var page = Assert.Single(await (await AggregateRun.OpenAsync("type")).PagesAsync());
        Assert.True(page is { More: false, Counts.Events: 0, Groups.Count: 0 });
    }

    [Fact]
    public async Task OpenAsync_Resumed_HandsThePositionOn()
    {
        var before = await AggregateRun.OpenAsync("type");
        await before.SendAsync(Frames.Of(("a", "u", 1)));
        var run = await AggregateRun.OpenAsync("type", await before.CheckpointAsync());

        Assert.Equal((1L, 7L), (run.Opened.Resume.Id, run.Opened.Resume.OpenPosition()?.Line));
        Assert.Null((await AggregateRun.OpenAsync("type")).Opened.Resume);
    }

    [Fact]
    public async Task Process_TooManyGroupsOrKeyBytes_FailsTheRun()
    {
        var run = await AggregateRun.OpenAsync("type", options: new AggregateOptions { MaxGroups = 3 });
        await run.SendAsync(Frames.Of(("a", "u", 1), ("b", "u", 1), ("c", "u", 1)));
        var exception = await Assert.ThrowsAsync<StageException>(() => run.SendAsync(Frames.Of(("d", "u", 1))));

        Assert.Equal((FailureReasons.InvalidOptions, false), (exception.Failure.Reason, exception.Failure.Retryable));
        Assert.EndsWith("more than 3 groups; group by columns with fewer distinct values", exception.Message, StringComparison.Ordinal);
        foreach (var groupBy in new[] { "value", "type,user", "value,type" })
        {
            var other = await AggregateRun.OpenAsync(groupBy, options: new AggregateOptions { MaxGroups = 1 });
            await Assert.ThrowsAsync<StageException>(() => other.SendAsync(Frames.Of(("d", "u", 1), ("e", "w", 2))));
        }

        var bytes = await AggregateRun.OpenAsync("type", options: new AggregateOptions { MaxKeyBytes = 10 });
        await Assert.ThrowsAsync<StageException>(() => bytes.SendAsync(Frames.Of(("abcdef", "u", 1), ("ghijkl", "u", 2))));
    }

    [Fact]
    public async Task Process_MissingColumnOrOneOfAnotherKind_IsAProtocolViolation()
    {
        EventFrame[] bad =
        [
            Frames.Events(1).With(Frames.Number("value", [1])),
            Frames.Events(1).With(Frames.Text("type", ["a"])),
            Frames.Events(1).With(Frames.Text("type", ["a"])).With(Frames.Text("value", ["1"])),
        ];
        foreach (var frame in bad)
        {
            foreach (var groupBy in new[] { "type", "type,value" })
            {
                var run = await AggregateRun.OpenAsync(groupBy);
                var exception = await Assert.ThrowsAsync<StageException>(() => run.SendAsync(frame));
                Assert.Equal(FailureReasons.ProtocolViolation, exception.Failure.Reason);
            }
        }

        var changed = await AggregateRun.OpenAsync("type");
        await changed.SendAsync(Frames.Of(("a", "u", 1)));
        await Assert.ThrowsAsync<StageException>(() => changed.SendAsync(Frames.Events(1).With(Frames.Number("type", [1])).With(Frames.Number("value", [1]))));
    }

    // As text of a checkpoint, which is UTF-8, it would be another key after a resume.
    [Theory]
    [InlineData("type")]
    [InlineData("type,user")]
    [InlineData("type,value,line")]
    public async Task Process_KeyThatIsNotUtf8_IsAProtocolViolation(string groupBy)
    {
        var run = await AggregateRun.OpenAsync(groupBy);
        var type = new EventColumn { Name = "type", Kind = ColumnKind.Text, Texts = new TextTable() };
        type.Texts.Add("click"u8);
        type.Texts.Add([0xFF]);
        type.Allocate(1, 2);
        (type.Data[0], type.Data[1]) = (0, 1);
        var frame = Frames.Of(("", "u", 1), ("", "u", 2));
        frame.Columns.RemoveAll(column => column.Name == "type");

        var exception = await Assert.ThrowsAsync<StageException>(() => run.SendAsync(frame.With(type)));

        Assert.Equal(FailureReasons.ProtocolViolation, exception.Failure.Reason);
        Assert.Contains("'type'", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("type,user")]
    [InlineData("flag")]
    public async Task OpenAsync_CheckpointOfOtherColumns_IsRefused(string groupBy)
    {
        var checkpoint = new CheckpointPage { Groups = { new Group { Key = { new Scalar { Text = "a" } }, Count = groupBy == "flag" ? 0 : 1 } } };
        var exception = await Assert.ThrowsAsync<StageException>(() => AggregateRun.OpenAsync(groupBy, checkpoint));
        Assert.Equal(FailureReasons.CheckpointCorrupt, exception.Failure.Reason);
    }

    [Theory]
    [InlineData("type,type")]
    [InlineData("a,b,c,d,e,f,g,h,i")]
    public async Task OpenAsync_RepeatedOrTooManyGroupByColumns_IsRefused(string groupBy)
    {
        var exception = await Assert.ThrowsAsync<StageException>(() => AggregateRun.OpenAsync(groupBy));
        Assert.Equal(FailureReasons.InvalidOptions, exception.Failure.Reason);
    }

    [Fact]
    public async Task Process_FrameWithReadTime_RecordsLatencyOfTheMonotonicClock()
    {
        var time = new FakeTimeProvider();
        var run = await AggregateRun.OpenAsync("type", time: time);
        var now = time.GetTimestamp() / (time.TimestampFrequency / 1_000_000);
        time.Advance(TimeSpan.FromMilliseconds(2));
        var measured = Frames.Of(("a", "u", 1), ("a", "u", 1));
        measured.ReadMicros = now;
        await run.SendAsync(measured, Frames.Of(("a", "u", 1)));

        var histogram = run.Context.Meter.Latency.ToHistogram();
        Assert.Equal(2, histogram.Counts.Sum());
        Assert.InRange(LatencyBuckets.Quantile(histogram, 1), 2000, 2130);
    }

    [Fact]
    public async Task GroupsOut_GroupsAddedAfterCheckpoint_CountsThoseOfTheLastCheckpoint()
    {
        var run = await AggregateRun.OpenAsync("");
        await run.SendAsync(Frames.Of(("a", "u", 1)));
        await run.CheckpointAsync();
        Assert.Equal(1, run.Context.Meter.GroupsOut);
        await run.SendAsync(Frames.Of(("b", "u", 1), ("c", "u", 1)));
        Assert.Equal(1, run.Context.Meter.GroupsOut);

        await run.CheckpointAsync();
        Assert.Equal(3, run.Context.Meter.GroupsOut);
    }

    [Fact]
    public async Task Process_OtherFrames_ArePassedOnAndWorkItemsGetTheirFinalScore()
    {
        var run = await AggregateRun.OpenAsync("type");
        var end = Frames.Message(message => message.EndOfInput = new EndOfInput());
        var work = Frames.Message(message => message.WorkItems = new WorkItemBatch { Items = { new WorkItem { Score = 1, Eigenvalues = { 1 } } } });
        await run.SendAsync(work, end);

        Assert.Equal<Frame>([work, end], run.Output);
        Assert.True(work.Message.WorkItems.Items[0] is { FinalScore: > 0, Eigenvalues.Count: 0 });
    }
}
