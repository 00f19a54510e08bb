using Pipeline.Client.Runs;

namespace Pipeline.Client.Views;

/// <summary>A role of the route, as the picture of the pipeline shows it.</summary>
/// <param name="Role">The role.</param>
/// <param name="Instances">Its registered instances, and after them those that departed a moment ago.</param>
/// <param name="Used">The instance that the run goes through; null where none does.</param>
/// <param name="Figures">What that instance has reported; null before.</param>
/// <param name="Rate">What it does per second; null before it is known.</param>
public sealed record StageView(
    string Role, IReadOnlyList<TopologyInstance> Instances, string? Used, StageFigures? Figures, StageRate? Rate)
{
    /// <summary>Whether no registered instance answers.</summary>
    public bool IsMissing => Instances.All(instance => instance.Departed is not null || instance.State == TopologyInstance.Unreachable);
}

/// <summary>Puts together what the registry knows of the roles of a route, and what a run does there.</summary>
public static class StageViews
{
    /// <summary>For how long an instance that has departed is shown.</summary>
    private static readonly TimeSpan DepartedShown = TimeSpan.FromSeconds(30);

    /// <summary>The run to show: the newest that has its turn, else the newest that waits for it, else the newest; null where there is none.</summary>
    /// <param name="runs">Newest first.</param>
    public static Run? RunOf(IReadOnlyList<Run> runs) => runs.MinBy(run => run.State == RunState.Pending ? 1 : run.State.IsActive() ? 0 : 2);

    /// <summary>The stages, first one first.</summary>
    /// <param name="roles">The route.</param>
    /// <param name="topology">Who is registered.</param>
    /// <param name="run">The run to show; null: none.</param>
    /// <param name="rates">Its rates.</param>
    /// <param name="now">Present time.</param>
    public static IReadOnlyList<StageView> Of(
        IReadOnlyList<string> roles, Topology? topology, Run? run, RateMeter rates, DateTimeOffset now)
    {
        var route = run?.History is [.., { Outcome: AttemptRecord.Running } last] && run.State.IsActive() ? last.Route : [];
        return
        [
            .. roles.Select(role =>
            {
                var instances = (topology?.Instances ?? [])
                    .Where(instance => instance.Role == role && !(now - instance.Departed > DepartedShown)).ToList();
                var figures = run?.Stages.FirstOrDefault(stage => stage.Role == role);
                return new StageView(
                    role,
                    instances,
                    // By role: a merge goes through the last stage alone.
                    instances.Find(instance => route.Contains(instance.InstanceId))?.InstanceId,
                    figures,
                    figures is null ? null : rates[figures]);
            }),
        ];
    }
}
