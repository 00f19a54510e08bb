using Pipeline.Cli.CheckStage;

namespace Pipeline.Tests.Cli.CheckStage;

/// <summary>A stage that never gives what it owes fails the check that waits for it, and no other. They wait side by side.</summary>
public sealed class HangingStagesTests
{
    private static readonly CheckLimits Limits = Kit.Limits with { Answer = TimeSpan.FromSeconds(5) };

    [Fact]
    public Task PassThrough_Hanging_FailsItsChecksOnly() => Task.WhenAll(
        FailsAsync(Fault.NeverAnswersOpen, "open"),
        FailsAsync(Fault.NeverHalfCloses, "end", "drain"),
        FailsAsync(Fault.ServesOneRunAtATime, "counts"),
        FailsAsync(Fault.KeepsConnections, "end", "cancel"),
        FailsAsync(Fault.ClaimsTheRing, OperatingSystem.IsLinux() ? ["ring-offer", "ring"] : ["ring-offer"]),
        FailsAsync(Fault.IgnoresCancellation, "cancel", "above-gone"),
        FailsAsync(Fault.HangsWhenTheHopBelowDies, "below-gone", "below-unreachable"));

    private static async Task FailsAsync(Fault fault, params string[] checks)
    {
        await using var stage = await PassThroughStage.StartAsync(fault);
        (await Kit.CheckAsync(stage.Address, "audit", Limits)).RequireFailed(checks);
    }
}
