using Pipeline.Contracts.Broker.V1;

namespace Pipeline.Broker.Registry;

/// <summary>Lookup and List: what the registry holds, in the order and portions of the contract.</summary>
/// <remarks>
/// A list is not frozen between its pages: an instance that is registered all the while is in it once, one that comes or goes may be or not.
/// </remarks>
internal sealed class RegistryListing(InstanceRegistry registry)
{
    /// <summary>A page ends here too, be it of a list or of a snapshot, so that it fits into a message whatever its instances carry.</summary>
    public const int PageBytes = 1024 * 1024;

    private const int DefaultPage = 100;
    private const int MaxPage = 1000;

    /// <summary>Live instances, in order of registration.</summary>
    public LookupResponse Lookup(LookupRequest request)
    {
        var snapshot = registry.Snapshot(new InstanceFilter(request.Interface, request.Role));
        return new LookupResponse
        {
            Instances =
            {
                snapshot.Instances.Where(instance => instance.State == InstanceState.Live).OrderBy(instance => instance.RegisteredRevision),
            },
            Revision = snapshot.Revision,
            Epoch = registry.Epoch,
        };
    }

    /// <summary>One page; null where the request's token or page size is wrong.</summary>
    public ListResponse? List(ListRequest request)
    {
        if (request.PageSize is < 0 or > MaxPage || !PageToken.TryParse(request.PageToken, out var after))
            return null;
        var filter = new InstanceFilter(request.Interface, request.Role);
        var snapshot = registry.Snapshot(filter);
        var all = request.IncludeDeparted
            ? snapshot.Instances.Concat(registry.Departed(filter))
            : snapshot.Instances.Where(instance => instance.State == InstanceState.Live);
        var answer = new ListResponse { Revision = snapshot.Revision, Epoch = registry.Epoch };
        var size = request.PageSize == 0 ? DefaultPage : request.PageSize;
        var bytes = 0;
        foreach (var instance in all.Where(instance => after is null || PageToken.Of(instance).CompareTo(after) > 0).OrderBy(PageToken.Of))
        {
            if (answer.Instances.Count == size || bytes >= PageBytes)
            {
                answer.NextPageToken = PageToken.Of(answer.Instances[^1]).ToString();
                break;
            }
            answer.Instances.Add(instance);
            bytes += instance.CalculateSize();
        }
        return answer;
    }
}

/// <summary>Which instances a caller asks for; empty = any.</summary>
internal readonly record struct InstanceFilter(string Interface, string Role)
{
    /// <summary>Whether it asks for this one.</summary>
    public bool Matches(Instance instance) =>
        (Interface.Length == 0 || Interface == instance.Interface) && (Role.Length == 0 || Role == instance.Role);
}

/// <summary>The registry at one revision.</summary>
/// <param name="Revision">The revision of its last change.</param>
/// <param name="Instances">Live and draining instances, with what was left of their leases.</param>
internal sealed record RegistrySnapshot(long Revision, IReadOnlyList<Instance> Instances);
