using System.Text;
using System.Text.Json;
using Pipeline.Client.Runs;
using Pipeline.Client.Views;
using Pipeline.Orchestrator.Runs;
using Pipeline.Orchestrator.Web.Views;

namespace Pipeline.Tests.Orchestrator.Web;

/// <summary>What the page makes of runs and of the registry.</summary>
public sealed class ViewTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(0, "0")]
    [InlineData(999, "999")]
    [InlineData(999.7, "1.00 k")]
    [InlineData(1_234, "1.23 k")]
    [InlineData(12_345, "12.3 k")]
    [InlineData(24_000_000, "24.0 M")]
    [InlineData(1e18, "1000 P")]
    public void Short_AnyFigure_HasThreeDigits(double value, string text) => Assert.Equal(text, Show.Short(value));

    [Theory]
    [InlineData(0.0135, "14 ms")]
    [InlineData(0.9997, "1.00 s")]
    [InlineData(1.5, "1.50 s")]
    [InlineData(59.996, "1 min 0 s")]
    [InlineData(125, "2 min 5 s")]
    [InlineData(3_725, "1 h 2 min")]
    public void Duration_AnyTime_IsBrief(double seconds, string text) => Assert.Equal(text, Show.Duration(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void RateMeter_TwoReports_TellWhatCameBetween()
    {
        var meter = new RateMeter();
        var first = Figures("parse", 1_000, sendMicros: 100_000);
        meter.Take(NewRun(RunState.Running, Noon, first));
        Assert.Null(meter[first]);
        var second = Figures("parse", 5_000, sendMicros: 600_000);

        meter.Take(NewRun(RunState.Running, Noon.AddSeconds(2), second));

        Assert.Equal(2_000, meter[second]!.ItemsIn);
        Assert.Equal(1, meter[second]!.WaitsForOutput);
    }

    [Fact]
    public void RateMeter_ReportOfAnotherStageOverTheApi_KeepsTheRate()
    {
        var meter = new RateMeter();
        meter.Take(NewRun(RunState.Running, Noon, Figures("parse", 1_000)));
        meter.Take(NewRun(RunState.Running, Noon.AddSeconds(1), Figures("parse", 2_000)));

        meter.Take(NewRun(RunState.Running, Noon.AddSeconds(1.5), Figures("parse", 2_000), Figures("rules", 10)));

        Assert.Equal(1_000, meter[Figures("parse", 2_000)]!.ItemsIn);
    }

    [Fact]
    public void RateMeter_NextAttempt_BeginsAnew()
    {
        var meter = new RateMeter();
        meter.Take(NewRun(RunState.Running, Noon, Figures("parse", 1_000)));
        var next = Figures("parse", 10);

        meter.Take(NewRun(RunState.Running, Noon.AddSeconds(1), next) with { Attempts = 2 });

        Assert.Null(meter[next]);
    }

    [Theory]
    [InlineData(RunState.Waiting)]
    [InlineData(RunState.Failed)]
    public void RateMeter_NoAttemptIsUnderWay_HasNoRate(RunState state)
    {
        var meter = new RateMeter();
        var stage = Figures("parse", 2_000);
        meter.Take(NewRun(RunState.Running, Noon, Figures("parse", 1_000)));
        meter.Take(NewRun(RunState.Running, Noon.AddSeconds(1), stage));
        Assert.NotNull(meter[stage]);

        meter.Take(NewRun(state, Noon.AddSeconds(2), stage));

        Assert.Null(meter[stage]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void RateMeter_StageThatIsSilent_HasNoRateAnyMore(int interval)
    {
        var meter = new RateMeter();
        var silent = Figures("parse", 2_000);
        meter.Take(NewRun(RunState.Running, Noon, Figures("parse", 1_000), Figures("ingest", 0)));
        for (var report = 1; report <= 4; report++)
            meter.Take(NewRun(RunState.Running, Noon.AddSeconds(report * interval), silent, Figures("ingest", report * 10)));
        Assert.NotNull(meter[silent]);

        meter.Take(NewRun(RunState.Running, Noon.AddSeconds(5 * interval), silent, Figures("ingest", 50)));

        Assert.Null(meter[silent]);
        Assert.NotNull(meter[Figures("ingest", 50)]);
    }

    [Fact]
    public void RateMeter_FiguresThatFall_HaveNoRateUntilTheNextReport()
    {
        var meter = new RateMeter();
        meter.Take(NewRun(RunState.Running, Noon, Figures("parse", 5_000, sendMicros: 100_000)));
        var anew = Figures("parse", 10);

        meter.Take(NewRun(RunState.Running, Noon.AddSeconds(1), anew));
        Assert.Null(meter[anew]);
        meter.Take(NewRun(RunState.Running, Noon.AddSeconds(2), Figures("parse", 40)));

        Assert.Equal(30, meter[anew]!.ItemsIn);
    }

    [Fact]
    public void RateMeter_CompletedRun_TellsTheAverageOfItsLastAttempt()
    {
        var meter = new RateMeter();
        var stage = Figures("parse", 1_000);

        meter.Take(NewRun(RunState.Completed, Noon, stage) with { ElapsedMicros = 500_000 });

        Assert.Equal(2_000, meter[stage]!.ItemsIn);
    }

    [Theory]
    [InlineData(RunState.Running, 1)]
    [InlineData(RunState.Draining, 1)]
    [InlineData(RunState.Waiting, 1)]
    [InlineData(RunState.Completed, 0)]
    public void StageViews_NewestRunWaitsForItsTurn_ShowsTheOneThatHasIt(RunState older, int shown)
    {
        Run[] runs = [NewRun(RunState.Pending, Noon.AddSeconds(1)), NewRun(older, Noon)];

        Assert.Same(runs[shown], StageViews.RunOf(runs));
    }

    [Fact]
    public void StageViews_DepartedInstance_IsShownForAWhile()
    {
        var run = NewRun(RunState.Running, Noon) with { History = [Attempt(1, "running", Noon) with { Route = ["a", "b"] }] };
        var topology = NewTopology(
            SampleInstance.New("a", "ingest"), SampleInstance.New("old", "parse") with { State = "expired", Departed = Noon.AddSeconds(-5) },
            SampleInstance.New("older", "parse") with { State = "expired", Departed = Noon.AddMinutes(-5) });

        var stages = StageViews.Of(["ingest", "parse"], topology, run, new RateMeter(), Noon);

        Assert.Equal(("a", false), (stages[0].Used, stages[0].IsMissing));
        Assert.Equal(["old"], stages[1].Instances.Select(instance => instance.InstanceId));
        Assert.True(stages[1].IsMissing);
    }

    [Fact]
    public void StageViews_MergeThroughTheLastStageAlone_UsesThatOneOnly()
    {
        var run = NewRun(RunState.Running, Noon) with { History = [Attempt(1, "running", Noon) with { Route = ["b"] }] };
        var topology = NewTopology(SampleInstance.New("a", "ingest"), SampleInstance.New("b", "sink"));

        var stages = StageViews.Of(["ingest", "sink"], topology, run, new RateMeter(), Noon);

        Assert.Equal([null, "b"], stages.Select(stage => stage.Used));
    }

    [Fact]
    public void FaultLog_FailedAttemptAndTheNext_TellsHowLongTheRecoveryTook()
    {
        var error = new RunError("unreachable", "it died", "parse-0", "parse");
        var run = NewRun(RunState.Running, Noon) with
        {
            History =
            [
                Attempt(1, "failed", Noon) with { Ended = Noon.AddSeconds(1), Error = error },
                Attempt(2, "running", Noon.AddSeconds(1.2)) with { FirstCommit = Noon.AddSeconds(1.5) },
            ],
        };

        var incidents = FaultLog.Of([run], null, [], 10);

        Assert.Equal(["recovered", "failed"], incidents.Select(incident => incident.Kind));
        Assert.Equal("attempt 2 began 200 ms after the failure, its first checkpoint came after 500 ms", incidents[0].What);
        Assert.Equal(("parse parse-0", IncidentSeverity.Bad), (incidents[1].Who, incidents[1].Severity));
    }

    [Fact]
    public void FaultLog_OrchestratorDiedDuringAnAttempt_TellsHowLongTheRecoveryTook()
    {
        var left = NewRun(RunState.Running, Noon) with { Updated = Noon.AddSeconds(2), History = [Attempt(1, AttemptRecord.Running, Noon)] };
        var next = Attempt(2, "completed", Noon.AddSeconds(5)) with { FirstCommit = Noon.AddSeconds(6), Ended = Noon.AddSeconds(9) };

        var incidents = FaultLog.Of([left.AtRest() with { History = [.. left.AtRest().History, next] }], null, [], 10);

        Assert.Equal([("recovered", Noon.AddSeconds(6)), ("abandoned", Noon.AddSeconds(2))], incidents.Select(incident => (incident.Kind, incident.At)));
        Assert.StartsWith("attempt 2 began 3.00 s after the last sign of the attempt before", incidents[0].What, StringComparison.Ordinal);
    }

    [Fact]
    public void FaultLog_WhatWasDoneToAProcess_StandsBeforeWhatCameOfIt()
    {
        var gone = SampleInstance.New("a", "parse") with { State = "expired", Departed = Noon.AddSeconds(5) };
        var killed = new Incident(Noon, "killed", IncidentSeverity.Info, "parse a", "");

        Assert.Equal(["expired", "killed"], FaultLog.Of([], NewTopology(gone), [killed], 10).Select(incident => incident.Kind));
    }

    [Theory]
    [InlineData("expired", IncidentSeverity.Bad)]
    [InlineData("unregistered", IncidentSeverity.Info)]
    [InlineData("replaced", IncidentSeverity.Info)]
    public void FaultLog_DepartedInstance_SaysHowItWent(string state, object severity)
    {
        var gone = SampleInstance.New("a", "parse") with { State = state, Registered = Noon, Departed = Noon.AddSeconds(3) };

        var incidents = FaultLog.Of([], NewTopology(gone), [], 1);

        Assert.Equal((state, severity), (Assert.Single(incidents).Kind, incidents[0].Severity));
    }

    [Fact]
    public void SpeedSeries_ManyPoints_KeepsAFewOverTheWholeTime()
    {
        var series = new SpeedSeries([]);
        for (var second = 0; second < 100_000; second++)
            series.Add(new(second * 1_000L, second * 500L, Attempt: second < 60_000 ? 1 : 2, Checkpoint: second));

        var points = series.Points;

        Assert.InRange(points.Count, SpeedSeries.MaxPoints / 4, SpeedSeries.MaxPoints);
        Assert.Equal(0, points[0].Millis);
        Assert.Contains(points, point => point is { Attempt: 2, Millis: 60_000_000 });
        Assert.InRange(points[^1].Millis, 99_000_000, 99_999_000);
        Assert.All(Charts.RatesOf([.. points.Where(point => point.Attempt == 1)]), rate => Assert.Equal(500, rate.LinesPerSecond));
    }

    // Two slices at a time, of 10 million lines each, which report within milliseconds of each other.
    [Fact]
    public void RatesOf_ReportsInBursts_AreTheSpeedOverSeveralOfThem()
    {
        (long Millis, long Lines)[] reports =
        [
            (50, 0), (1_070, 7), (1_075, 14), (1_400, 17), (1_410, 20), (2_630, 27), (2_635, 34), (2_890, 37), (2_900, 40),
        ];

        var rates = Charts.RatesOf([.. reports.Select(report => new SpeedPoint(report.Millis, report.Lines * 1_000_000, 0, 0))]);

        Assert.Equal([1.075, 2.9], rates.Select(rate => rate.Seconds));
        Assert.All(rates, rate => Assert.InRange(rate.LinesPerSecond, 13e6, 15e6));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Speed_AttemptsWithoutALine_HaveNoChart(int points) =>
        Assert.Null(Charts.Speed([.. Enumerable.Range(0, points).Select(second => new SpeedPoint(second * 1_000, second, 1, 0))]));

    [Theory]
    [InlineData(2, 1)]
    [InlineData(1.5, 0)]
    public void Bars_WholeNumbers_HaveNoTicksBetweenThem(double value, int interval) => Assert.Contains(
        $"\"minInterval\":{interval}", JsonSerializer.Serialize(Charts.Bars([("a", 1), ("b", value)], "count")), StringComparison.Ordinal);

    [Fact]
    public async Task ResultSummary_LongFile_KeepsTheForemostGroups()
    {
        using var folder = new TemporaryFile();
        var lines = Enumerable.Range(0, 1_000).Select(number =>
            $$"""{"key":["user {{number}}","click"],"count":{{number}},"sum":{{(number == 999 ? 9_007_199_254_740_993 : 1_000 - number)}},"avg":1.50}""");
        await File.WriteAllLinesAsync(folder.Path, ["""{"workItemId":"w","vectorChecksum":1,"score":1,"finalScore":1}""", .. lines]);

        var byCount = await ResultSummary.ReadAsync(folder.Path, "", ResultOrder.Count, default);
        var bySum = await ResultSummary.ReadAsync(folder.Path, "USER 99", ResultOrder.Sum, default);

        Assert.Equal((1_000, 1, ResultSummary.MaxGroups), (byCount.Matching, byCount.WorkItems, byCount.Groups.Count));
        Assert.Equal(("user 999, click", 999), (byCount.Groups[0].Key, byCount.Groups[0].Rank));
        Assert.Equal([("count", "999"), ("sum", "9,007,199,254,740,993"), ("avg", "1.50")], byCount.Groups[0].Figures);
        Assert.Equal(11, bySum.Matching);
        Assert.Equal(["user 999, click", "user 99, click"], bySum.Groups.Take(2).Select(group => group.Key));
    }

    [Fact]
    public async Task ResultSummary_NumbersAndEmptyColumns_CanBeRead()
    {
        using var file = new TemporaryFile();
        await File.WriteAllLinesAsync(file.Path, ["""{"key":["click",""],"count":123456,"sum":-1234567.1234567,"avg":1.5e10,"min":999,"last":"1234"}"""]);

        var group = Assert.Single((await ResultSummary.ReadAsync(file.Path, "", ResultOrder.Count, default)).Groups);

        Assert.Equal("click, (empty)", group.Key);
        Assert.Equal(["123,456", "-1,234,567.1234567", "1.5e10", "999", "\"1234\""], group.Figures.Select(figure => figure.Text));
    }

    [Fact]
    public async Task ResultSummary_GroupsOfTheSameRank_KeepsTheFirstKeys()
    {
        using var file = new TemporaryFile();
        await File.WriteAllLinesAsync(
            file.Path, Enumerable.Range(0, 1_000).Reverse().Select(number => $$"""{"key":"user {{number:000}}","count":1,"sum":1,"avg":1}"""));

        var summary = await ResultSummary.ReadAsync(file.Path, "", ResultOrder.Count, default);

        Assert.Equal(Enumerable.Range(0, ResultSummary.MaxGroups).Select(number => $"user {number:000}"), summary.Groups.Select(group => group.Key));
    }

    [Fact]
    public async Task ResultSummary_NumberBeyondDouble_IsNoResultsFile()
    {
        using var file = new TemporaryFile();
        await File.WriteAllLinesAsync(file.Path, ["""{"key":"a","count":1,"sum":1e999,"avg":1}"""]);

        Assert.Equal(1, (await ResultSummary.ReadAsync(file.Path, "", ResultOrder.Count, default)).Matching);
        var error = await Assert.ThrowsAsync<JsonException>(() => ResultSummary.ReadAsync(file.Path, "", ResultOrder.Sum, default));

        Assert.Contains("1e999", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RejectGroup_NoReasonAndNoText_AreEmpty()
    {
        using var file = new TemporaryFile();
        await File.WriteAllLinesAsync(file.Path, ["""{"line":1,"offset":0,"reason":null,"raw":null}"""]);

        var group = Assert.Single(await RejectGroup.ReadAsync(file.Path, default));

        Assert.Equal(("", 1), (group.Reason, group.Count));
        Assert.Equal(new RejectedLine(1, ""), Assert.Single(group.First));
    }

    [Fact]
    public async Task RejectGroup_Rejects_AreCountedByReasonWithTheirFirstLines()
    {
        using var folder = new TemporaryFile();
        await File.WriteAllLinesAsync(folder.Path,
        [
            """{"line":1,"offset":0,"reason":"invalid_utf8","rawBase64":"/2E="}""",
            .. Enumerable.Range(2, 20).Select(line => $$"""{"line":{{line}},"offset":0,"reason":"invalid_json","raw":"<b>\u001b[2J"}"""),
        ]);

        var groups = await RejectGroup.ReadAsync(folder.Path, default);

        Assert.Equal(["invalid_json", "invalid_utf8"], groups.Select(group => group.Reason));
        Assert.Equal((20, 5), (groups[0].Count, groups[0].First.Count));
        Assert.Equal(new RejectedLine(2, "<b>\\x1B[2J"), groups[0].First[0]);
        Assert.Equal("\\xFFa", groups[1].First[0].Text);
    }

    [Theory]
    [InlineData("café 日本 😀", "café 日本 😀")]
    [InlineData("a\u202Eb", "a\\xE2\\x80\\xAEb")]
    [InlineData("\0\t", "\\x00\\x09")]
    public void Visible_Bytes_ShowAsTextOnlyWhatCannotDeceive(string text, string shown) =>
        Assert.Equal(shown, RejectGroup.Visible(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void Visible_LongLine_IsCut() => Assert.EndsWith(" ...", RejectGroup.Visible(new byte[100_000]), StringComparison.Ordinal);

    [Fact]
    public async Task ResultDifference_TwoFiles_TellsTheFirstLinesThatDiffer()
    {
        using var first = new TemporaryFile();
        using var second = new TemporaryFile();
        await File.WriteAllLinesAsync(first.Path, ["a", "b", "c"]);
        await File.WriteAllLinesAsync(second.Path, ["a", "x"]);

        var same = await ResultDifference.ReadAsync(first.Path, first.Path, default);
        var other = await ResultDifference.ReadAsync(first.Path, second.Path, default);

        Assert.Equal((0, 3), (same.Lines.Count, same.Compared));
        Assert.Equal([new(2, "b", "x"), new(3, "c", null)], other.Lines);
    }

    [Fact]
    public void RunForm_SettingsOfARun_AllComeBackButItsOutput()
    {
        var settings = new RunSettings
        {
            Input = "/in", Output = "/out", Overwrite = true, BatchSize = 10, LingerMicros = 1, MaxLineBytes = 64,
            AllowedTypes = ["click", " a, b"], Rules = "{}", GroupBy = ["type", "user"], ExtraAggregates = ["max"], CheckpointIntervalMillis = 7,
            Route = ["ingest", "sink"], AllowUpgrade = true, Partitions = 3, Rate = 0.00001,
        };
        // A setting that is added is to be given a value here.
        Assert.All(typeof(RunSettings).GetProperties(), property => Assert.NotEqual(property.GetValue(new RunSettings()), property.GetValue(settings)));

        var (read, errors) = RunForm.Of(settings).Read();

        Assert.Empty(errors);
        // As text, since lists are equal only where they are the same.
        Assert.Equal(Text(settings with { Output = null, Overwrite = false }), Text(read));

        static string Text(RunSettings settings) => JsonSerializer.Serialize(settings, RunJson.Default.RunSettings);
    }

    [Fact]
    public void RunForm_FieldsOfARunThatAreEmptied_HaveTheDefaults()
    {
        var form = RunForm.Of(new RunSettings { Input = "/in", GroupBy = ["user"], Rules = "{}", Route = ["ingest", "sink"], ExtraAggregates = ["min"] });
        (form.GroupBy, form.Rules, form.Route, form.WantsMin) = ("", " ", null, false);

        var (read, _) = form.Read();

        Assert.Equal(RunDefaults.GroupBy, read.GroupBy);
        Assert.Null(read.Rules);
        Assert.Empty(read.Route);
        Assert.Empty(read.ExtraAggregates);
    }

    [Fact]
    public void RunForm_Empty_HasTheDefaults()
    {
        var (read, errors) = new RunForm { Input = " /in ", BatchSize = "auto", LingerMicros = " " }.Read();

        Assert.Empty(errors);
        Assert.Equal(
            new RunSettings { Input = "/in" } with { ExtraAggregates = read.ExtraAggregates, AllowedTypes = read.AllowedTypes, Route = read.Route }, read);
    }

    [Fact]
    public void RunForm_NoNumbers_AreNamed()
    {
        var (_, errors) = new RunForm { BatchSize = "1e3", Rate = "-1", MaxLineBytes = "auto", LingerMicros = "5 ms" }.Read();

        Assert.Equal(["batchSize", "rate", "maxLineBytes", "lingerMicros"], errors.Select(error => error.Field));
    }

    private static Run NewRun(RunState state, DateTimeOffset updated, params StageFigures[] stages) =>
        SampleRun.New("r", state, Noon) with { Attempts = 1, Updated = updated, Stages = stages };

    private static StageFigures Figures(string role, long items, long sendMicros = 0) =>
        new() { InstanceId = $"{role}-0", Role = role, ItemsIn = items, WaitingToSendMicros = sendMicros };

    private static AttemptRecord Attempt(long number, string outcome, DateTimeOffset started) =>
        new() { Attempt = number, Outcome = outcome, Started = started, Route = [] };

    private static Topology NewTopology(params TopologyInstance[] instances) =>
        new() { Revision = 1, Epoch = "e", Connected = true, Instances = instances };

    private sealed class TemporaryFile : IDisposable
    {
        public string Path { get; } = System.IO.Path.GetTempFileName();

        public void Dispose() => File.Delete(Path);
    }
}
