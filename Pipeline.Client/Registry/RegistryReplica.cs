using System.Collections.Immutable;
using Pipeline.Contracts.Broker.V1;

namespace Pipeline.Client.Registry;

/// <summary>Builds views from what a watch answers, and refuses answers that would leave a gap.</summary>
internal sealed class RegistryReplica
{
    // Of either kind. Without a bound they would grow with each process whose name no other one takes, such as ROLE-PID.
    private const int MaxDeparted = 256;

    private ImmutableSortedDictionary<string, Instance>.Builder? _pages;

    /// <summary>What is known.</summary>
    public RegistryView View { get; private set; } = RegistryView.Empty;

    /// <summary>The broker is away; a snapshot that was half there is forgotten.</summary>
    public void Disconnect()
    {
        _pages = null;
        View = View with { IsConnected = false };
    }

    /// <summary>Forgets where it was, so that the next watch begins with a snapshot.</summary>
    public void Forget() => View = View with { Epoch = "", Revision = 0 };

    /// <summary>Takes one answer in.</summary>
    /// <exception cref="InvalidDataException">The answer breaks the protocol: watch anew from a snapshot.</exception>
    public void Apply(WatchResponse response)
    {
        if (_pages is not null && response.ResponseCase != WatchResponse.ResponseOneofCase.Snapshot)
            throw new InvalidDataException("The broker put something between the pages of a snapshot.");
        switch (response.ResponseCase)
        {
            case WatchResponse.ResponseOneofCase.Snapshot:
                Apply(response.Snapshot);
                break;
            case WatchResponse.ResponseOneofCase.Change:
                Apply(response.Change);
                break;
            case WatchResponse.ResponseOneofCase.Progress:
                Apply(response.Progress);
                break;
            default:
                // A kind of answer from a later version of the contract.
                break;
        }
    }

    private void Apply(SnapshotPage page)
    {
        _pages ??= RegistryView.Empty.Instances.ToBuilder();
        foreach (var instance in page.Instances)
            _pages[instance.InstanceId] = instance;
        if (page.More)
            return;
        var instances = _pages.ToImmutable();
        View = new RegistryView(
            page.Epoch, page.Revision, instances, View.Expired.RemoveRange(instances.Keys), View.TakenOut.RemoveRange(instances.Keys), IsConnected: true);
        _pages = null;
    }

    private void Apply(Change change)
    {
        if (View.Epoch.Length == 0)
            throw new InvalidDataException("The broker sent a change before any snapshot.");
        if (change.Revision <= View.Revision)
            throw new InvalidDataException($"The broker sent revision {change.Revision} after {View.Revision}.");
        var id = change.Instance.InstanceId;
        var (expired, takenOut) = (View.Expired.Remove(id), View.TakenOut.Remove(id));
        View = View with
        {
            Revision = change.Revision,
            Instances = change.Kind == ChangeKind.Departed ? View.Instances.Remove(id) : View.Instances.SetItem(id, change.Instance),
            Expired = change.Instance.State == InstanceState.Expired ? With(expired, change.Instance) : expired,
            TakenOut = change is { Kind: ChangeKind.Departed, Instance.TakenOut: true } ? With(takenOut, change.Instance) : takenOut,
            IsConnected = true,
        };
    }

    private static ImmutableSortedDictionary<string, Instance> With(ImmutableSortedDictionary<string, Instance> departed, Instance instance)
    {
        var kept = departed.Count < MaxDeparted ? departed : departed.Remove(departed.Values.MinBy(one => one.DepartedUnixMs)!.InstanceId);
        return kept.Add(instance.InstanceId, instance);
    }

    private void Apply(ProgressNotice progress)
    {
        if (View.Epoch.Length == 0 || progress.Revision < View.Revision)
            throw new InvalidDataException($"The broker gave notice of revision {progress.Revision} after {View.Revision}.");
        View = View with { Revision = progress.Revision, IsConnected = true };
    }
}
