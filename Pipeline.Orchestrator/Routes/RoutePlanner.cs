using System.Collections.Immutable;
using Pipeline.Contracts;
using Pipeline.Contracts.Broker.V1;

namespace Pipeline.Orchestrator.Routes;

/// <summary>Picks a live instance for every role, so that each accepts all that the one above emits.</summary>
/// <remarks>
/// A route of one role is that of a merge. Only instances that the run's pins admit. Among several those come first at which fewest attempts
/// of the run failed, then what the run began with, then the least busy, then the longest registered.
/// </remarks>
internal static class RoutePlanner
{
    /// <param name="roles">Roles from first to last.</param>
    /// <param name="usable">Instances that may be taken.</param>
    /// <param name="pins">The implementations that the run keeps to.</param>
    /// <param name="failures">How many attempts of the run failed at an instance.</param>
    /// <param name="load">How many attempts an instance works on.</param>
    public static RoutePlan Plan(
        IReadOnlyList<string> roles, IEnumerable<Instance> usable, RunPins pins, Func<Instance, int> failures, Func<Instance, int> load)
    {
        var live = Live(usable).ToList();
        var byRole = ByRole(live, pins, failures, load);
        var missing = roles.Where(role => !byRole[role].Any()).Distinct().ToImmutableArray();
        if (missing.Length > 0)
            return new RoutePlan.Missing(missing, [.. live.Where(instance => missing.Contains(instance.Role))]);

        // A merge has one stage, which hands nothing on, whatever it accepts.
        var firsts = byRole[roles[0]].Where(instance => roles.Count == 1 || instance.Accepts.Count == 0).ToList();
        if (firsts.Count == 0 && byRole[roles[0]].First() is var first)
            return new RoutePlan.Unfit($"{first.InstanceId} ({first.Role}) cannot be the first stage: it reads no input, but accepts {List(first.Accepts)}");
        var lasts = byRole[roles[^1]].Where(instance => instance.Emits.Count == 0).ToDictionary(instance => instance, _ => (Instance?)null);
        if (lasts.Count == 0 && byRole[roles[^1]].First() is var last)
            return new RoutePlan.Unfit($"{last.InstanceId} ({last.Role}) cannot be the last stage: it keeps no results, but emits {List(last.Emits)}");

        // From the last role up: what fits below decides what can be taken above.
        var fits = new List<Dictionary<Instance, Instance?>> { lasts };
        for (var at = roles.Count - 2; at >= 0; at--)
        {
            var below = byRole[roles[at + 1]].Where(fits[^1].ContainsKey).ToList();
            var candidates = at == 0 ? firsts : [.. byRole[roles[at]]];
            var here = candidates
                .Select(instance => (Instance: instance, Next: below.FirstOrDefault(next => Refused(instance, next).Length == 0)))
                .Where(pair => pair.Next is not null)
                .ToDictionary(pair => pair.Instance, pair => pair.Next);
            if (here.Count == 0)
                return new RoutePlan.Unfit(Describe(candidates[0], below[0]));
            fits.Add(here);
        }

        var route = ImmutableArray.CreateBuilder<Instance>(roles.Count);
        var picked = byRole[roles[0]].First(fits[^1].ContainsKey);
        for (var level = fits.Count - 1; level >= 0; level--)
        {
            route.Add(picked);
            picked = fits[level][picked] ?? picked;
        }

        return new RoutePlan.Found(new StageRoute(route.MoveToImmutable()));
    }

    /// <summary>The live stages that the pins admit, by role; what a route takes first comes first.</summary>
    /// <inheritdoc cref="Plan"/>
    public static ILookup<string, Instance> ByRole(
        IEnumerable<Instance> usable, RunPins pins, Func<Instance, int> failures, Func<Instance, int> load) => Live(usable)
        .Where(pins.Admit)
        .OrderBy(failures)
        .ThenByDescending(pins.Match)
        .ThenBy(load)
        .ThenBy(instance => instance.RegisteredRevision)
        .ToLookup(instance => instance.Role);

    /// <summary>The stages among instances that take new attempts.</summary>
    public static IEnumerable<Instance> Live(IEnumerable<Instance> usable) =>
        usable.Where(instance => instance is { Interface: StageContract.Interface, State: InstanceState.Live });

    private static string[] Refused(Instance above, Instance below) =>
        above.Emits.Count == 0 ? ["nothing"] : [.. above.Emits.Except(below.Accepts)];

    private static string Describe(Instance above, Instance below) =>
        $"{above.InstanceId} ({above.Role}) emits {List(above.Emits)}, but {below.InstanceId} ({below.Role}) after it accepts {List(below.Accepts)}: "
        + "start instances that fit, or change the order of the roles";

    private static string List(IReadOnlyCollection<string> kinds) => kinds.Count == 0 ? "nothing" : string.Join(", ", kinds);
}
