using System.Collections.ObjectModel;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.ApplicationModel
{
    /// <summary>Something that the AppHost runs.</summary>
    public interface IResource
    {
        /// <summary>The name: 1 to 64 ASCII letters, digits and single hyphens.</summary>
        string Name { get; }

        /// <summary>What has been said about the resource.</summary>
        ResourceAnnotationCollection Annotations { get; }
    }

    /// <summary>A fact about a resource.</summary>
    public interface IResourceAnnotation;

    /// <summary>The annotations of one resource.</summary>
    public sealed class ResourceAnnotationCollection : Collection<IResourceAnnotation>;

    /// <summary>A resource that takes environment variables.</summary>
    public interface IResourceWithEnvironment : IResource;

    /// <summary>A resource that takes command-line arguments.</summary>
    public interface IResourceWithArgs : IResource;

    /// <summary>A resource that listens on ports.</summary>
    public interface IResourceWithEndpoints : IResource;

    /// <summary>A resource that can wait for others.</summary>
    public interface IResourceWithWaitSupport : IResource;

    /// <summary>The resources of an application.</summary>
    public interface IResourceCollection : IList<IResource>;

    internal sealed class ResourceCollection : Collection<IResource>, IResourceCollection;

    /// <summary>The finished model: what an application consists of.</summary>
    /// <param name="resources">Its resources.</param>
    public class DistributedApplicationModel(IResourceCollection resources)
    {
        /// <summary>Its resources.</summary>
        public IResourceCollection Resources { get; } = resources;
    }
}

namespace Aspire.Hosting
{
    // Aspire declares this one a namespace higher than its siblings.

    /// <summary>A resource that others find by name.</summary>
    public interface IResourceWithServiceDiscovery : IResourceWithEndpoints;
}
