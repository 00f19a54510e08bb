using Orleans.Placement;
using Orleans.Runtime.Placement;

namespace Pipeline.Orchestrator.Cluster;

/// <summary>Places a slice as <see cref="Machines.PlaceAsync"/> says.</summary>
[Serializable]
internal sealed class LeastLoadedPlacement : PlacementStrategy;

/// <summary>Marks grains of slices, which are placed by <see cref="LeastLoadedPlacement"/>.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class LeastLoadedPlacementAttribute() : PlacementAttribute(new LeastLoadedPlacement());

/// <summary>Carries out <see cref="LeastLoadedPlacement"/>.</summary>
internal sealed class LeastLoadedDirector(IServiceProvider services) : IPlacementDirector
{
    // Not by the constructor: the directors are made while the service's client, on which they depend, cannot be made yet.
    private Machines Machines => field ??= services.GetRequiredService<Machines>();

    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context) =>
        Machines.PlaceAsync(SliceKey.Parse(target.GrainIdentity.Key.ToString()!).Run, context.GetCompatibleSilos(target));
}
