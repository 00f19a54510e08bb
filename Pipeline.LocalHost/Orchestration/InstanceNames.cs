using System.Collections.Concurrent;
using System.Security.Cryptography;
using Aspire.Hosting.ApplicationModel;

namespace Pipeline.LocalHost.Orchestration;

/// <summary>
/// The ids of the resources' instances: the name and a random suffix, even where there is but one, as on Aspire; so that
/// code which takes the one for the other fails on both hosts.
/// </summary>
internal sealed class InstanceNames
{
    private const int SuffixLength = 8;
    private readonly ConcurrentDictionary<IResource, IReadOnlyList<string>> _names = new();

    public IReadOnlyList<string> Of(IResource resource) => _names.GetOrAdd(resource, Create);

    private static IReadOnlyList<string> Create(IResource resource)
    {
        var replicas = resource.Annotations.OfType<ReplicaAnnotation>().LastOrDefault()?.Replicas ?? 1;
        return [.. Enumerable.Range(0, replicas).Select(_ =>
            $"{resource.Name}-{RandomNumberGenerator.GetString("abcdefghjkmnpqrstuvwxyz", SuffixLength)}")];
    }
}
