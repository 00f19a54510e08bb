using System.Collections.Immutable;
using Pipeline.Contracts.Broker.V1;

namespace Pipeline.ServiceDefaults.Discovery;

/// <summary>Builds views from what a watch answers, and refuses answers that would leave a gap.</summary>
internal sealed class RegistryReplica
{
    private ImmutableSortedDictionary<string, Instance>.Builder? _pages;

    /// <summary>What is known.</summary>
    public RegistryView View { get; private set; } = RegistryView.Empty;

    /// <summary>The broker is away; a snapshot that was half there is forgotten.</summary>
    public RegistryEvent? Disconnect()
    {
        _pages = null;
        return SetConnected(false);
    }

    /// <summary>Forgets where it was, so that the next watch begins with a snapshot.</summary>
    public void Forget() => View = View with { Epoch = "", Revision = 0 };

    /// <summary>Takes one answer in and gives the events that it makes.</summary>
    /// <exception cref="InvalidDataException">The answer breaks the protocol: watch anew from a snapshot.</exception>
    public IEnumerable<RegistryEvent> Apply(WatchResponse response)
    {
        if (_pages is not null && response.ResponseCase != WatchResponse.ResponseOneofCase.Snapshot)
            throw new InvalidDataException("The broker put something between the pages of a snapshot.");
        switch (response.ResponseCase)
        {
            case WatchResponse.ResponseOneofCase.Snapshot:
                return Apply(response.Snapshot) is { } reset ? [reset] : [];
            case WatchResponse.ResponseOneofCase.Change:
                return Connected(Apply(response.Change));
            case WatchResponse.ResponseOneofCase.Progress:
                return Connected(Apply(response.Progress));
            default:
                // A kind of answer from a later version of the contract.
                return [];
        }
    }

    private RegistryReset? Apply(SnapshotPage page)
    {
        _pages ??= RegistryView.Empty.Instances.ToBuilder();
        foreach (var instance in page.Instances)
            _pages[instance.InstanceId] = instance;
        if (page.More)
            return null;
        View = new RegistryView(page.Epoch, page.Revision, _pages.ToImmutable(), IsConnected: true);
        _pages = null;
        return new RegistryReset(View);
    }

    private RegistryChanged Apply(Change change)
    {
        if (View.Epoch.Length == 0)
            throw new InvalidDataException("The broker sent a change before any snapshot.");
        if (change.Revision <= View.Revision)
            throw new InvalidDataException($"The broker sent revision {change.Revision} after {View.Revision}.");
        var id = change.Instance.InstanceId;
        View = View with
        {
            Revision = change.Revision,
            Instances = change.Kind == ChangeKind.Departed ? View.Instances.Remove(id) : View.Instances.SetItem(id, change.Instance),
        };
        return new RegistryChanged(View, change.Kind, change.Instance);
    }

    private RegistryEvent? Apply(ProgressNotice progress)
    {
        if (View.Epoch.Length == 0 || progress.Revision < View.Revision)
            throw new InvalidDataException($"The broker gave notice of revision {progress.Revision} after {View.Revision}.");
        View = View with { Revision = progress.Revision };
        return null;
    }

    // The first answer of a resumed watch is the sign that the broker is back: told before what it says.
    private IEnumerable<RegistryEvent> Connected(RegistryEvent? applied)
    {
        if (SetConnected(true) is { } connection)
            yield return connection;
        if (applied is RegistryChanged changed)
            yield return changed with { View = View };
        else if (applied is not null)
            yield return applied;
    }

    private RegistryConnection? SetConnected(bool connected)
    {
        if (View.IsConnected == connected)
            return null;
        View = View with { IsConnected = connected };
        return new RegistryConnection(View);
    }
}
