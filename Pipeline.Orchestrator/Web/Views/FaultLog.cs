using Pipeline.Client.Runs;
using Pipeline.Client.Views;

namespace Pipeline.Orchestrator.Web.Views;

/// <summary>Something that happened to a process or an attempt.</summary>
/// <param name="At">When.</param>
/// <param name="Kind">What, in one word: "expired", "failed", "recovered", ...</param>
/// <param name="Severity">How bad.</param>
/// <param name="Who">The instance or the run.</param>
/// <param name="What">What, in a sentence.</param>
/// <param name="RunId">The run that it concerns; null where it concerns none.</param>
internal sealed record Incident(DateTimeOffset At, string Kind, IncidentSeverity Severity, string Who, string What, string? RunId = null);

/// <summary>How bad an incident is.</summary>
internal enum IncidentSeverity
{
    /// <summary>In the order of things.</summary>
    Info,

    /// <summary>It is over, and all is well.</summary>
    Good,

    /// <summary>Something ended that should not have.</summary>
    Bad,
}

/// <summary>What happened to whom, read from the histories of runs, from the registry, and from what was done on the page.</summary>
internal static class FaultLog
{
    /// <summary>The latest incidents, newest first.</summary>
    /// <param name="runs">Runs with their histories.</param>
    /// <param name="topology">Instances, those that departed too.</param>
    /// <param name="done">What was done to processes.</param>
    /// <param name="most">How many.</param>
    public static IReadOnlyList<Incident> Of(IEnumerable<Run> runs, Topology? topology, IEnumerable<Incident> done, int most) =>
    [
        .. runs.SelectMany(OfRun).Concat(done).Concat((topology?.Instances ?? []).SelectMany(OfInstance))
            .OrderByDescending(incident => incident.At).Take(most),
    ];

    private static IEnumerable<Incident> OfInstance(TopologyInstance instance)
    {
        var who = $"{instance.Role} {instance.InstanceId}";
        if (instance.Registered is { } registered)
            yield return new(registered, "registered", IncidentSeverity.Info, who, $"process {instance.ProcessId} at {instance.Address}");
        if (instance.Departed is not { } departed)
            yield break;
        yield return instance.State switch
        {
            "unregistered" => new(departed, instance.State, IncidentSeverity.Info, who, "stopped in order"),
            "replaced" => new(departed, instance.State, IncidentSeverity.Info, who, "a new process has taken its id"),
            _ => new(departed, instance.State, IncidentSeverity.Bad, who, "did not renew its lease: its process died or hangs"),
        };
    }

    private static IEnumerable<Incident> OfRun(Run run)
    {
        for (var index = 0; index < run.History.Count; index++)
        {
            var attempt = run.History[index];
            if (attempt is { Outcome: "failed", Ended: { } failed })
            {
                var where = attempt.Error is { InstanceId.Length: > 0 } error ? $"{error.Role} {error.InstanceId}" : run.Id;
                yield return Bad(failed, "failed", $"attempt {attempt.Attempt} failed: {attempt.Error?.Reason}: {attempt.Error?.Message}", where);
            }
            else if (attempt is { Outcome: AttemptRecord.Abandoned, Ended: { } abandoned })
            {
                yield return Bad(abandoned, "abandoned", $"attempt {attempt.Attempt} was abandoned: its orchestrator stopped or died");
            }

            if (index > 0 && attempt.FirstCommit is { } commit
                && run.History[index - 1] is { Outcome: "failed" or AttemptRecord.Abandoned, Ended: { } before } former)
            {
                var what = former.Outcome == "failed" ? "the failure" : "the last sign of the attempt before";
                yield return new(
                    commit, "recovered", IncidentSeverity.Good, run.Id,
                    $"attempt {attempt.Attempt} began {Show.Duration(attempt.Started - before)} after {what}, its first checkpoint came after "
                    + $"{Show.Duration(commit - before)}",
                    run.Id);
            }
        }

        if (run.Stall is { } stall)
            yield return Bad(stall.Since, "stalled", stall.Message);
        if (run is { State: RunState.Failed, Ended: { } ended })
            yield return Bad(ended, "run failed", run.Error?.Message ?? "");

        Incident Bad(DateTimeOffset at, string kind, string what, string? who = null) => new(at, kind, IncidentSeverity.Bad, who ?? run.Id, what, run.Id);
    }
}
