namespace Aspire.Hosting.ApplicationModel;

/// <summary>A change of a resource's instance.</summary>
/// <param name="resource">The resource.</param>
/// <param name="resourceId">The instance: each replica has its own.</param>
/// <param name="snapshot">What is known of it now.</param>
public class ResourceEvent(IResource resource, string resourceId, CustomResourceSnapshot snapshot)
{
    /// <summary>The resource.</summary>
    public IResource Resource { get; } = resource;

    /// <summary>The instance: each replica has its own.</summary>
    public string ResourceId { get; } = resourceId;

    /// <summary>What is known of it now.</summary>
    public CustomResourceSnapshot Snapshot { get; } = snapshot;
}
