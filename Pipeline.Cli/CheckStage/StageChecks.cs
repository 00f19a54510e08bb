using Pipeline.Cli.CheckStage.Checks;
using Pipeline.Cli.CheckStage.Reference;

namespace Pipeline.Cli.CheckStage;

/// <summary>One check.</summary>
/// <param name="Name">What reports call it.</param>
/// <param name="Make">Makes it.</param>
internal sealed record StageCheck(string Name, Func<CheckRun, Task> Make)
{
    /// <summary>Without it no other can be made.</summary>
    public bool IsOpening { get; init; }

    /// <summary>It compares whole runs: of no use while single messages go wrong.</summary>
    public bool IsReference { get; init; }

    /// <summary>It waits most of the time, beside the others.</summary>
    public bool IsSlow { get; init; }
}

/// <summary>All checks, in their order.</summary>
internal static class StageChecks
{
    /// <summary>Cheap and basic ones first.</summary>
    public static IReadOnlyList<StageCheck> All { get; } =
    [
        new("health", AccessChecks.HealthAsync),
        new("key", AccessChecks.KeyAsync),
        new("open", OpeningChecks.OpenAsync) { IsOpening = true },
        new("first-message", AccessChecks.FirstMessageAsync),
        new("route", OpeningChecks.RouteAsync),
        new("open-run", OpeningChecks.CopyAsync),
        new("ring-offer", OpeningChecks.RingOfferAsync),
        new("trace", OpeningChecks.TraceAsync),
        new("options", OptionsCheck.RunAsync),
        new("resume", RunOpenedChecks.PagesAsync),
        new("lines-taken", RunOpenedChecks.LinesTakenAsync),
        new("columns", RunOpenedChecks.ColumnsAsync),
        new("counts", BatchChecks.CountsAsync),
        new("order", BatchChecks.OrderAsync),
        new("checkpoints", BatchChecks.CheckpointsAsync),
        new("answers", BatchChecks.AnswersAsync),
        new("end", EndingChecks.EndAsync),
        new("drain", EndingChecks.DrainAsync),
        new("given-up", EndingChecks.GivenUpAsync),
        new("failure", FailureChecks.CarriedAsync),
        new("bare-status", FailureChecks.BareStatusAsync),
        new("cancel", BrokenHopChecks.CancelAsync),
        new("above-gone", BrokenHopChecks.AboveGoneAsync),
        new("below-gone", BrokenHopChecks.BelowGoneAsync),
        new("below-unreachable", BrokenHopChecks.BelowUnreachableAsync),
        new("message-size", BatchChecks.MessageSizeAsync),
        new("back-pressure", FlowChecks.BackPressureAsync),
        new("pings", FlowChecks.PingsAsync) { IsSlow = true },
        new("ring", RingCheck.RunAsync),
        new("reference-1", new ReferenceCheck(1, ["type"], 10).RunAsync) { IsReference = true },
        new("reference-100", new ReferenceCheck(100, ["rule", "type"], 1).RunAsync) { IsReference = true },
        new("reference-auto", new ReferenceCheck(0, ["type", "user"], 1).RunAsync) { IsReference = true },
    ];
}
