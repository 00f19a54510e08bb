using Pipeline.Client.Runs;

namespace Pipeline.Orchestrator.Routes;

/// <summary>In words, what a run waits for and what can be done.</summary>
/// <param name="What">The roles, and of each for which only other implementations are up, which these are.</param>
/// <param name="Remedy">What to do while it waits; null where an instance is missing, whichever.</param>
/// <param name="RemedyAfterwards">What to do once it has failed for that.</param>
internal sealed record MissingText(string What, string? Remedy, string RemedyAfterwards)
{
    /// <summary>As a run says it while it waits.</summary>
    public string Waiting => Remedy is null ? What : $"{What}; {Remedy}";

    /// <summary>Describes a missing route.</summary>
    public static MissingText Of(RoutePlan.Missing missing, RunPins pins, string run)
    {
        var others = missing.NotAdmitted.ToLookup(instance => instance.Role);
        if (others.Count == 0)
            return new MissingText(string.Join(", ", missing.Roles), null, "start one, then resume the run");
        var changed = missing.Roles.Where(others.Contains).ToList();
        IEnumerable<string> parts =
        [
            .. missing.Roles.Except(changed),
            .. changed.GroupBy(role => $"{List(pins.Of(role))}, to which it keeps (up: {List(others[role].Select(Implementation.Of))})")
                .Select(group => $"{string.Join(", ", group)} of {group.Key}"),
        ];
        var resume = $"start that again, or allow another with `pipeline resume {run} --allow-upgrade`";
        var remedy = changed.Count > 1 ? resume : $"{resume} or `pipeline replace {changed[0]}`";
        return new MissingText(string.Join(" and ", parts), remedy, resume);
    }

    private static string List(IEnumerable<Implementation> implementations) =>
        string.Join(", ", implementations.Select(one => one.ToString()).Distinct());
}
