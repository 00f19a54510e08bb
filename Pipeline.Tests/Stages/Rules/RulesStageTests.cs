using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Wire;
using Pipeline.Stages.Rules;

namespace Pipeline.Tests.Stages.Rules;

public sealed class RulesStageTests
{
    [Fact]
    public async Task Process_DefaultRules_DropsViewsAndSmallValues()
    {
        var run = await RulesRun.OpenAsync("", "type", "value", "rule");
        Assert.Equal(["type", "value"], run.Opened.Columns);
        await run.SendAsync(Frames.Of(("view", "u", 50), ("click", "u", 9.99m), ("click", "u", 10), ("purchase", "u", 100)));

        Assert.Equal(["click", "purchase"], run.Values("type"));
        Assert.Equal([10m, 100m], run.Values("value"));
        Assert.Equal(["min_value_and_type", "min_value_and_type"], run.Values("rule"));
        Assert.Equal((2L, 2L), (run.Filtered, run.Context.Meter.Filtered));
        var rule = run.Output.Events.Single().Find("rule")!;
        Assert.Equal((0, 1), (rule.Width, rule.Texts!.Count));
    }

    [Fact]
    public async Task Open_Cancelled_StopsCompiling() =>
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            await new RulesStage(Frames.Context()).OpenAsync(new OpenRun { Options = new RunOptions() }, null, new CancellationToken(canceled: true)));

    [Fact]
    public async Task Process_ColumnReadByRulesOnly_IsNotPassedOn()
    {
        var run = await RulesRun.OpenAsync("", "value");
        Assert.Equal(["type", "value"], run.Opened.Columns);
        await run.SendAsync(Frames.Of(("click", "u", 10), ("view", "u", 10)));

        Assert.Equal("value", Assert.Single(run.Output.Events.Single().Columns).Name);
    }

    [Theory]
    [InlineData("x = user", "x", "user")]
    [InlineData("x = 'a'", "x", "")]
    [InlineData("x = user", "type", "type")]
    [InlineData("x = value / 2", "type", "type,value,line,offset")]
    [InlineData("value = value + 1", "value", "value,line,offset")]
    [InlineData("value = 5", "value", "")]
    [InlineData("drop line > 5", "ts", "ts,line")]
    public async Task Open_RulesAndColumnsRequestedBelow_RequestsWhatBothNeed(string rule, string wanted, string asked)
    {
        var run = await RulesRun.OpenAsync(RulesRun.Json(rule), wanted);
        Assert.Equal(asked.Split(',', StringSplitOptions.RemoveEmptyEntries), run.Opened.Columns);
    }

    [Fact]
    public async Task Process_RuleSetsColumn_LaterRulesAndStagesSeeTheNewValue()
    {
        var run = await RulesRun.OpenAsync(
            RulesRun.Json("value = value * 2", "type = type.upperAscii()", "drop value > 30", "drop type == 'a'", "x = type + user"), "type", "value", "x");
        await run.SendAsync(Frames.Of(("a", "u", 10), ("b", "u", 16), ("c", "w", 12.5m)));

        Assert.Equal(["A", "C"], run.Values("type"));
        Assert.Equal([20m, 25m], run.Values("value"));
        Assert.Equal(["Au", "Cw"], run.Values("x"));
    }

    [Fact]
    public async Task Process_EventDropped_IsNotRejectedByLaterRules()
    {
        var run = await RulesRun.OpenAsync(RulesRun.Json("drop value == 0", "x = 1 / value", "drop x > 100"), "x");
        await run.SendAsync(Frames.Of(("a", "u", 0), ("a", "u", 4), ("a", "u", 0.001m)));

        Assert.Equal([0.25m], run.Values("x"));
        Assert.Empty(run.Rejects);
        Assert.Equal(2, run.Filtered);
    }

    [Fact]
    public async Task Process_RuleMakesLongTexts_KeepsFramesWithinTheMessageLimit()
    {
        var doublings = Enumerable.Range(0, 12).Select(i => i == 0 ? "x = user + user" : "x = x + x");
        var run = await RulesRun.OpenAsync(RulesRun.Json([.. doublings]), "line", "x");
        await run.SendAsync(Frames.Of([.. Enumerable.Range(0, 600).Select(i => ("a", $"u{i:00000000000}", 1m))]));

        Assert.All(run.Output, frame => Assert.InRange(FrameEncoder.Measure(frame).Length, 1, 4 << 20));
        Assert.Equal(Enumerable.Range(1, 600).Select(line => (object)(decimal)line), run.Values("line"));
        Assert.All(run.Values("x"), text => Assert.Equal(12 << 12, ((string)text).Length));
        Assert.Empty(run.Rejects);
    }

    [Theory]
    [InlineData(1 << 20, "a,b,c,d,e,f,type,user", null)]
    [InlineData(4 << 20, "a,b,type,user", null)]
    [InlineData(4 << 20, "a,b,c", "3670016 bytes")]
    [InlineData(4 << 20, "a,d,e,user", "3670016 bytes")]
    [InlineData(4 << 20, "a,f,type,user", null)]
    [InlineData(4 << 20, "f,g,h,type,user", null)]
    public async Task Open_TextsCopiedFromLines_AreRefusedWhereAnEventWouldNotFitIntoAMessage(int maxLineBytes, string groupBy, string? refused)
    {
        var rules = RulesRun.Json(
            "a = user", "b = a.trim()", "c = value > 5 ? user.upperAscii() : 'none'", "type = type.lowerAscii()", "user = type", "d = b", "e = user",
            "f = user + '!'", "g = user == 'x' ? 'y' : 'z'", "h = g", "type = 'same'", "user = 'same'");
        var options = new RunOptions { Rules = rules, MaxLineBytes = maxLineBytes };
        options.GroupBy.AddRange(groupBy.Split(','));
        await using var stage = new RulesStage(Frames.Context());
        var below = new RunOpened { Columns = { options.GroupBy, "value" } };

        var failure = await Record.ExceptionAsync(async () => await stage.OpenAsync(new OpenRun { Options = options }, below, default)) as StageException;
        var told = RulesStage.Check(options).SingleOrDefault();

        Assert.Equal(refused is null ? null : FailureReasons.InvalidOptions, failure?.Failure.Reason);
        Assert.Contains(refused ?? "", failure?.Message ?? "", StringComparison.Ordinal);
        Assert.Equal(("group_by", failure?.Message), (told?.Option ?? "group_by", told?.Message));
    }

    // Its name is declared by a rule, which is not carried out.
    [Fact]
    public async Task Open_ColumnToGroupByIsMadeBelow_NeedsARuleThatSetsIt()
    {
        var options = new RunOptions { Rules = RulesRun.Json("drop value < 10"), GroupBy = { "country" } };
        await using var stage = new RulesStage(Frames.Context());
        var below = new RunOpened { Columns = { "value", "user" } };
        var opening = async () => await stage.OpenAsync(new OpenRun { Options = options }, below, default);

        var failure = await Assert.ThrowsAsync<StageException>(opening);
        options.Rules = RulesRun.Json("drop value < 10", "country = ''");

        Assert.Equal(FailureReasons.InvalidOptions, failure.Failure.Reason);
        Assert.Equal(["user", "value"], (await opening()).Columns);
        Assert.Empty(RulesStage.Check(options));
    }

    [Theory]
    [InlineData(null, "type", null)]
    [InlineData("x = 100 / value", "x", null)]
    [InlineData("drop offset > 7", "type", null)]
    [InlineData("x = line", "type", null)]
    [InlineData("x = line", "x", "rules")]
    [InlineData("x = 100 / line", "type", "rules")]
    [InlineData("drop line > 100", "type", "rules")]
    [InlineData("value = line", "type", "rules")]
    [InlineData(null, "line", "group_by")]
    public async Task Open_SliceOfAnInput_IsRefusedWhereSomethingDependsOnLineNumbers(string? rule, string groupBy, string? refused)
    {
        var options = new RunOptions { Rules = rule is null ? "" : RulesRun.Json(rule), GroupBy = { groupBy }, Slice = new InputSlice() };
        await using var stage = new RulesStage(Frames.Context());
        var opening = async () => await stage.OpenAsync(new OpenRun { Options = options }, new RunOpened { Columns = { groupBy, "value" } }, default);

        var failure = await Record.ExceptionAsync(opening) as StageException;
        var told = RulesStage.Check(options);

        Assert.Equal(refused is null ? null : FailureReasons.InvalidOptions, failure?.Failure.Reason);
        Assert.Equal(refused, told.SingleOrDefault()?.Option);
        Assert.Equal(failure?.Message, told.SingleOrDefault()?.Message);
        options.Slice = null;
        await opening();
        Assert.Empty(RulesStage.Check(options));
    }

    // A bridge below asks for the column line to report its rejects; what a rule computes from a line differs in a slice.
    [Theory]
    [InlineData(null, null)]
    [InlineData("user = line > 5 ? 'a' : 'b'", FailureReasons.InvalidOptions)]
    public async Task Open_SliceWithABridgeBelow_IsRefusedOnlyForWhatRulesMakeOfLines(string? rule, string? refused)
    {
        var options = new RunOptions { Rules = rule is null ? "" : RulesRun.Json(rule), GroupBy = { "type" }, Slice = new InputSlice() };
        await using var stage = new RulesStage(Frames.Context());
        var below = new RunOpened { Columns = { "type", "value", "user", "line", "offset" } };

        var failure = await Record.ExceptionAsync(async () => await stage.OpenAsync(new OpenRun { Options = options }, below, default)) as StageException;

        Assert.Equal(refused, failure?.Failure.Reason);
    }

    [Fact]
    public async Task Process_RuleFailsOnLines_MergesTheirRejectsInLineOrder()
    {
        var run = await RulesRun.OpenAsync(RulesRun.Json("x = 1 / value"), "x");
        var frame = Frames.Of(("a", "u", 0), ("a", "u", 1), ("a", "u", 0), ("a", "u", 0));
        frame.Columns.RemoveAll(column => column.Name is "line");
        frame.With(Frames.Number("line", [2, 3, 5, 8]));
        frame.Rejects.AddRange([new Reject { Line = 1 }, new Reject { Line = 4 }, new Reject { Line = 6 }, new Reject { Line = 9 }]);
        await run.SendAsync(frame);

        Assert.Equal([1, 2, 4, 5, 6, 8, 9], run.Rejects.Select(reject => reject.Line));
        Assert.Equal([1m], run.Values("x"));
        Assert.Equal((0L, 3L), (run.Filtered, run.Context.Meter.Rejected));
    }

    [Theory]
    [InlineData("x")]
    [InlineData("x,line")]
    public async Task Process_RuleFailsOnMostLinesOfALongPath_KeepsFramesWithinTheMessageLimit(string wanted)
    {
        var run = await RulesRun.OpenAsync(RulesRun.Json("x = 1 / value"), wanted.Split(','));
        var frame = Frames.Of([.. Enumerable.Range(0, 80_000).Select(row => ("a", "u", row % 50 == 7 ? 1m : 0m))]);
        (frame.File, frame.Filtered, frame.ReadMicros) = (new string('d', 250), 5, 9);
        await run.SendAsync(frame);

        Assert.All(run.Output, part => Assert.InRange(FrameEncoder.Measure(part).Length, 1, 2 << 20));
        Assert.All(run.Output.Events, part => Assert.Equal((frame.File, 9L), (part.File, part.ReadMicros)));
        var failed = Enumerable.Range(0, 80_000).Where(row => row % 50 != 7).Select(row => row + 1L);
        Assert.Equal(failed, run.Rejects.Select(reject => reject.Line));
        Assert.All(run.Rejects, reject => Assert.Equal(frame.File, reject.File));
        Assert.Equal((1600, 5L, 78_400L), (run.Values("x").Length, run.Filtered, run.Context.Meter.Rejected));
        if (wanted.Contains("line", StringComparison.Ordinal))
        {
            // A stage below may reject events as well: no frame has lines before those of the frame before it.
            var lines = run.Output.Events.Select(part => part.Rejects.Select(reject => reject.Line)
                .Concat(part.Count > 0 ? part.Values("line").Select(line => (long)(decimal)line) : []).Order().ToList()).ToList();
            Assert.Equal(Enumerable.Range(1, 80_000).Select(line => (long)line), lines.SelectMany(part => part));
        }
    }

    [Fact]
    public async Task Process_ComputedValuesWithoutCommonScale_KeepsThemExactAndInOrder()
    {
        var run = await RulesRun.OpenAsync(RulesRun.Json("value = type == 'big' ? 9000000000000000000 : 0.000000001"), "value", "type");
        await run.SendAsync(Frames.Of(("big", "u", 1), ("small", "u", 1), ("small", "u", 1), ("big", "u", 1), ("big", "u", 1)));

        Assert.Equal([9000000000000000000m, 0.000000001m, 0.000000001m, 9000000000000000000m, 9000000000000000000m], run.Values("value"));
        Assert.Equal(["big", "small", "small", "big", "big"], run.Values("type"));
    }

    [Fact]
    public async Task Process_FramesWithoutEvents_AddsTheirCountsToTheNextFrame()
    {
        var run = await RulesRun.OpenAsync("", "type", "value");
        await run.SendAsync(Frames.Of(("view", "u", 1)), Frames.Of(("view", "u", 1), ("view", "u", 1)), new EventFrame { Filtered = 4 });
        Assert.Empty(run.Output);

        await run.SendAsync(Frames.Of(("click", "u", 50), ("view", "u", 1)));
        Assert.Equal(8, run.Output.Events.Single().Filtered);
    }

    [Theory]
    [InlineData("checkpoint")]
    [InlineData("end")]
    [InlineData("control")]
    public async Task Process_CheckpointEndOrControl_SendsPendingCountsFirst(string kind)
    {
        var run = await RulesRun.OpenAsync("", "type", "value");
        var last = Frames.Message(message =>
        {
            message.Checkpoint = kind == "checkpoint" ? new Checkpoint { Id = 1 } : message.Checkpoint;
            message.EndOfInput = kind == "end" ? new EndOfInput() : message.EndOfInput;
            message.Control = kind == "control" ? new Control() : message.Control;
        });
        await run.SendAsync(Frames.Of(("view", "u", 1)), last);

        Assert.Equal(2, run.Output.Count);
        var counts = Assert.IsType<EventFrame>(run.Output[0]);
        Assert.Equal((1L, 0, 0), (counts.Filtered, counts.Count, counts.Columns.Count));
        Assert.Same(last, run.Output[1]);

        await run.SendAsync(Frames.Message(message => message.EndOfInput = new EndOfInput()));
        Assert.Equal(3, run.Output.Count);
    }

    [Fact]
    public async Task Process_RejectsButNoEventsLeft_PassesTheFrameOn()
    {
        var run = await RulesRun.OpenAsync("", "type", "value");
        var frame = Frames.Of(("view", "u", 1));
        frame.Rejects.Add(new Reject { Line = 1 });
        await run.SendAsync(frame);

        Assert.Equal((0, 1L, 1), (run.Output.Events.Single().Count, run.Filtered, run.Rejects.Count()));
        Assert.Empty(run.Output.Events.Single().Columns);
    }

    [Fact]
    public async Task Process_ColumnMissingOrOfAnotherKind_IsAProtocolViolation()
    {
        EventFrame[] bad =
        [
            Frames.Events(1).With(Frames.Text("type", ["a"])),
            Frames.Events(1).With(Frames.Number("type", [1])).With(Frames.Number("value", [1])),
        ];
        foreach (var frame in bad)
        {
            var run = await RulesRun.OpenAsync("", "type", "value");
            var exception = await Assert.ThrowsAsync<StageException>(() => run.SendAsync(frame));
            Assert.Equal(FailureReasons.ProtocolViolation, exception.Failure.Reason);
        }
    }

    [Fact]
    public async Task Open_InvalidRulesOrUnknownColumn_Fails()
    {
        Assert.Equal(FailureReasons.InvalidRules, await FailureAsync(new RunOptions { Rules = "{" }));
        Assert.Equal(FailureReasons.InvalidOptions, await FailureAsync(new RunOptions { GroupBy = { "colour" } }));
        await new RulesStage(Frames.Context()).OpenAsync(
            new OpenRun { Options = new RunOptions { GroupBy = { "rule" } } }, new RunOpened { Columns = { "rule" } }, default);
    }

    [Fact]
    public async Task Process_SameMantissaAtAnotherScaleOrWidth_IsEvaluatedAnew()
    {
        var run = await RulesRun.OpenAsync(RulesRun.Json("x = value > 3 ? 'big' : 'small'", "drop value * value == 4"), "x");
        foreach (var (mantissa, scale, width) in new[]
        {
            (20L, 0, 1), (20L, 1, 1), (40L, 1, 1), (20L, 0, 2), (20L, 1, 2), (40L, 1, 2), (-5L, 0, 1), (251L, 0, 2), (4L, 0, 1),
        })
        {
            await run.SendAsync(Frames.Events(1).With(Frames.Number("value", [mantissa], scale, width))
                .With(Frames.Number("line", [1])).With(Frames.Number("offset", [0])));
        }

        Assert.Equal(["big", "big", "big", "big", "small", "big", "big"], run.Values("x"));
    }

    [Fact]
    public async Task Process_ManyDistinctTexts_EvaluatesEachCorrectly()
    {
        var run = await RulesRun.OpenAsync(RulesRun.Json("x = user + '!'", "drop user.endsWith('7')"), "x", "user");
        for (var round = 0; round < 40; round++)
        {
            var users = Enumerable.Range(0, 5_000).Select(number => $"user {(round * 5_003) + number}").ToArray();
            run.Output.Clear();
            await run.SendAsync(Frames.Events(5_000).With(Frames.Text("user", users))
                .With(Frames.Number("line", new long[5_000])).With(Frames.Number("offset", new long[5_000])));
            Assert.Equal(users.Where(user => !user.EndsWith('7')).Select(user => user + "!"), run.Values("x"));
        }
    }

    [Fact]
    public async Task Process_CachedResultsEvicted_ComputesThemAgain()
    {
        var tail = new string('x', 3_000);
        var run = await RulesRun.OpenAsync(RulesRun.Json($"x = user + '{tail}'"), "x");
        var users = Enumerable.Range(0, 3_000).Select(number => $"u{number}").ToArray();
        foreach (var order in new[] { users, [.. users.Reverse()], users[..10] })
        {
            run.Output.Clear();
            await run.SendAsync(Frames.Events(order.Length).With(Frames.Text("user", order))
                .With(Frames.Number("line", new long[order.Length])).With(Frames.Number("offset", new long[order.Length])));
            Assert.Equal(order.Select(user => user + tail), run.Values("x"));
        }
    }

    private static async Task<string> FailureAsync(RunOptions options)
    {
        var stage = new RulesStage(Frames.Context());
        return (await Assert.ThrowsAsync<StageException>(
            async () => await stage.OpenAsync(new OpenRun { Options = options }, new RunOpened(), default))).Failure.Reason;
    }
}
