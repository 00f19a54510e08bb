using Pipeline.Client.Registry;
using Pipeline.Client.Runs;
using Pipeline.Contracts.Broker.V1;
using Pipeline.Orchestrator.Runs;

namespace Pipeline.Orchestrator.Routes;

/// <summary>The implementations that a run keeps to.</summary>
/// <param name="Implementations">Of each role those that it began with; a role that is not among them has no pin yet.</param>
/// <param name="MayUpgrade">Whether others may take over.</param>
internal readonly record struct RunPins(IReadOnlyList<Implementation> Implementations, bool MayUpgrade)
{
    /// <summary>Those of no run: any instance is admitted.</summary>
    public static RunPins None { get; } = new([], MayUpgrade: true);

    /// <summary>Those of a run as it is now.</summary>
    public static RunPins Of(Run run) => new(run.Implementations, run.Options.AllowUpgrade || run.UpgradeAllowed);

    /// <summary>What the run began with in a role; empty where it has no pin.</summary>
    public IEnumerable<Implementation> Of(string role) => Implementations.Where(pinned => pinned.Role == role);

    /// <summary>Whether an instance is what the run began with in its role.</summary>
    public bool Match(Instance instance)
    {
        var pinned = Of(instance.Role).ToList();
        return pinned.Count == 0 || pinned.Contains(Implementation.Of(instance));
    }

    /// <summary>
    /// Has an active run go on with another implementation of a role: what goes through others drains to a checkpoint first, what has not begun
    /// yet begins with it.
    /// </summary>
    /// <returns>Whether the run goes through the role, and was not to keep to this implementation before.</returns>
    public static bool Replace(Observable<Run> run, Implementation implementation, CoordinatorOptions options)
    {
        var changed = false;
        run.Change(now =>
        {
            var former = Of(now).Of(implementation.Role).ToList();
            changed = now.State.IsActive() && options.RouteOf(now.Options).Contains(implementation.Role) && !former.SequenceEqual([implementation]);
            return changed ? now with { Implementations = Overlay(now.Implementations, [implementation]) } : now;
        });
        return changed;
    }

    /// <summary>Pins of which those of <paramref name="latest"/> take the place of others in the same roles.</summary>
    public static IReadOnlyList<Implementation> Overlay(IReadOnlyList<Implementation> former, IReadOnlyList<Implementation> latest) =>
        [.. former.Where(one => latest.All(other => other.Role != one.Role)), .. latest];

    /// <summary>Whether each of these roles has its pin, and none may be taken over.</summary>
    public bool AreWhole(IReadOnlyList<string> roles) => !MayUpgrade && Implementations.Select(pinned => pinned.Role).ToHashSet().IsSupersetOf(roles);

    /// <summary>Whether the run may go through an instance.</summary>
    public bool Admit(Instance instance) => MayUpgrade || Match(instance);
}
