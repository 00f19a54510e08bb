using Pipeline.Cli.CheckStage;
using Pipeline.Contracts;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Tests.Stages.Core.Runtime;

namespace Pipeline.Tests.Cli.CheckStage;

/// <summary>A stage with one fault fails the check that is meant for it, and no other.</summary>
public sealed class WrongStagesTests
{
    private const string SlightlyOtherRules =
        """{"rules":[{"drop":"type == 'view'"},{"drop":"value < 11"},{"set":"rule","to":"'min_value_and_type'"}]}""";

    [Theory]
    [InlineData(Fault.None)]
    [InlineData(Fault.NoHealth, "health")]
    [InlineData(Fault.AcceptsWithoutKey, "key")]
    [InlineData(Fault.EndsWithOkWithoutOpenRun, "first-message")]
    [InlineData(Fault.KeepsTheRoute, "route")]
    [InlineData(Fault.RoundsTheAttempt, "open-run")]
    [InlineData(Fault.HandsTheRingOn, "ring-offer")]
    [InlineData(Fault.ForgetsTheTrace, "trace")]
    [InlineData(Fault.DropsPagesOfState, "resume")]
    [InlineData(Fault.ForgetsLinesTaken, "lines-taken")]
    [InlineData(Fault.AsksForTooFewColumns, "columns")]
    [InlineData(Fault.ForgetsFiltered, "counts")]
    [InlineData(Fault.LetsCheckpointsOvertake, "counts")]
    [InlineData(Fault.ReordersBatches, "order")]
    [InlineData(Fault.RoundsCheckpoints, "checkpoints")]
    [InlineData(Fault.DropsCheckpoints, "checkpoints")]
    [InlineData(Fault.KeepsAnswers, "answers")]
    [InlineData(Fault.EndsWithoutRunCompleted, "end", "drain")]
    [InlineData(Fault.EndsWhatWasGivenUp, "given-up")]
    [InlineData(Fault.SwallowsTheFailure, "failure")]
    [InlineData(Fault.MakesEveryStatusUnavailable, "bare-status")]
    [InlineData(Fault.RefusesLargeMessages, "message-size")]
    [InlineData(Fault.ShortColumns, "columns", "order")]
    [InlineData(Fault.AltersValues, "reference-100", "reference-auto")]
    [InlineData(Fault.LosesTheScale, "reference-1", "reference-100", "reference-auto")]
    [InlineData(Fault.ReadsUnsigned, "reference-1", "reference-100", "reference-auto")]
    [InlineData(Fault.ReadsTwoBytesAsZero, "reference-1", "reference-100", "reference-auto")]
    [InlineData(Fault.ReadsFourBytesAsZero, "reference-1", "reference-100", "reference-auto")]
    [InlineData(Fault.ReadsEightBytesAsZero, "reference-1", "reference-100", "reference-auto")]
    [InlineData(Fault.ReadsTextsOfOneByte, "reference-auto")]
    [InlineData(Fault.LosesTheFile, "order")]
    public Task PassThrough_WithFault_FailsItsCheckOnly(Fault fault, params string[] checks) => FailsAsync(fault, Kit.Limits, checks);

    // The stage takes all at once: what is short elsewhere would only hide it on a machine that is busy.
    [Fact]
    public Task PassThrough_BuffersWithoutBound_FailsBackPressure() =>
        FailsAsync(Fault.BuffersWithoutBound, Kit.Limits with { Stall = TimeSpan.FromSeconds(10) }, "back-pressure");

    [Fact]
    public Task Rules_IgnoringTheRunsRules_FailsOptions() =>
        RulesFailAsync(context => new WrongRules(context, options => options.Rules = ""), "options");

    [Fact]
    public Task Rules_SlightlyOtherDefault_FailsTheComparison() => RulesFailAsync(
        context => new WrongRules(context, options => options.Rules = options.Rules.Length == 0 ? SlightlyOtherRules : options.Rules),
        "reference-1", "reference-100", "reference-auto");

    [Fact]
    public Task Rules_AskingForTheColumnThatTheySet_FailColumns() =>
        RulesFailAsync(context => new WrongRules(context, opened: opened => opened.Columns.Add("rule")), "columns");

    [Fact]
    public async Task Aggregate_WithAWrongChecksumOfItsState_FailsTheChecksThatReadIt()
    {
        await using var server = await StageServer.StartAsync("aggregate", context => new WrongAggregate(context), [BatchKinds.Events, BatchKinds.WorkItems]);

        var outcomes = await Kit.CheckAsync(server.Address, "aggregate");

        string[] read = ["resume", "counts", "checkpoints", "message-size", "back-pressure"];
        outcomes.RequireFailed(OperatingSystem.IsLinux() ? [.. read, "ring"] : read);
        var finding = Assert.Single(outcomes.Single(outcome => outcome.Name == "resume").Findings);
        Assert.Equal(
            ("a checkpoint after state that was restored", "a part of a checkpoint that does not fit its checksum", ContractText.Checksum),
            (finding.Sent, finding.Came, finding.Contract));
    }

    [Fact]
    public async Task Finding_ColumnThatIsTooShort_TellsItsSize()
    {
        await using var stage = await PassThroughStage.StartAsync(Fault.ShortColumns);

        var finding = Assert.Single((await Kit.CheckAsync(stage.Address, "audit")).Single(outcome => outcome.Name == "order").Findings);

        Assert.Matches("^20 events, and the column [a-z]+ of width [0-9] with [0-9]+ bytes$", finding.Came);
        Assert.Equal(ContractText.ColumnData, finding.Contract);
    }

    [Fact]
    public async Task Finding_FailedCheck_TellsSentReceivedExpectedAndContract()
    {
        await using var stage = await PassThroughStage.StartAsync(Fault.KeepsTheRoute);

        var finding = Assert.Single((await Kit.CheckAsync(stage.Address, "audit")).Single(outcome => outcome.Name == "route").Findings);

        Assert.StartsWith("OpenRun with the route [check-below (aggregate, http://127.0.0.1:", finding.Sent, StringComparison.Ordinal);
        Assert.StartsWith("the route [check-below (aggregate, ", finding.Came, StringComparison.Ordinal);
        Assert.StartsWith("OpenRun at the hop below with the route [check-2 (audit, ", finding.Expected, StringComparison.Ordinal);
        Assert.Equal(ContractText.OpenRun, finding.Contract);
    }

    private static async Task FailsAsync(Fault fault, CheckLimits limits, params string[] checks)
    {
        await using var stage = await PassThroughStage.StartAsync(fault);
        (await Kit.CheckAsync(stage.Address, "audit", limits)).RequireFailed(checks);
    }

    private static async Task RulesFailAsync(Func<StageContext, IStage> create, params string[] checks)
    {
        await using var server = await StageServer.StartAsync("rules", create, [BatchKinds.Events, BatchKinds.WorkItems]);
        (await Kit.CheckAsync(server.Address, "rules")).RequireFailed(checks);
    }
}
