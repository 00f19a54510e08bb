using Pipeline.Client.Registry;
using Pipeline.Contracts.Broker.V1;

namespace Pipeline.Tests.Client.Registry;

public sealed class RegistryReplicaTests
{
    private readonly RegistryReplica _replica = new();

    [Fact]
    public void Apply_SeveralPages_MakeOneView()
    {
        Apply(Page(7, more: true, "a", "b"));
        Assert.Equal(RegistryView.Empty, _replica.View);
        Apply(Page(7, more: false, "c"));

        Assert.Equal(["a", "b", "c"], _replica.View.Instances.Keys);
        Assert.Equal((7, "e", true), (_replica.View.Revision, _replica.View.Epoch, _replica.View.IsConnected));
    }

    [Fact]
    public void Apply_Snapshot_ReplacesTheFormerInstances()
    {
        Apply(Page(7, more: false, "a"));
        Apply(Page(9, more: false, "b"));

        Assert.Equal(["b"], _replica.View.Instances.Keys);
    }

    [Fact]
    public void Apply_SnapshotAfterABrokenOffOne_ForgetsTheFormerPages()
    {
        Apply(Page(7, more: true, "a"));
        _replica.Disconnect();
        Apply(Page(8, more: false, "b"));

        Assert.Equal(["b"], _replica.View.Instances.Keys);
    }

    [Fact]
    public void Apply_RevisionOutOfOrder_Throws()
    {
        Assert.Throws<InvalidDataException>(() => Apply(NewChange(1)));
        Apply(Page(7, more: false));
        Apply(NewChange(9));

        Assert.Throws<InvalidDataException>(() => Apply(NewChange(9)));
        Assert.Throws<InvalidDataException>(() => Apply(NewChange(8)));
        Assert.Throws<InvalidDataException>(() => Apply(Notice(8)));
        Assert.Equal(9, _replica.View.Revision);
    }

    [Fact]
    public void Apply_ChangeBetweenPages_Throws()
    {
        Apply(Page(7, more: true, "a"));

        Assert.Throws<InvalidDataException>(() => Apply(NewChange(8)));
    }

    [Fact]
    public void Apply_Notice_AdvancesTheRevision()
    {
        Apply(Page(7, more: false));

        Apply(Notice(12));
        Assert.Equal(12, _replica.View.Revision);
    }

    [Fact]
    public void Apply_FirstAnswerAfterADisconnect_IsConnectedAgain()
    {
        Apply(Page(7, more: false, "a"));
        _replica.Disconnect();
        Assert.False(_replica.View.IsConnected);
        Assert.Single(_replica.View.Instances);

        Apply(NewChange(8));

        Assert.True(_replica.View is { IsConnected: true, Revision: 8, Instances.Count: 2 });
    }

    [Theory]
    [InlineData(InstanceState.Expired, true)]
    [InlineData(InstanceState.Unregistered, false)]
    [InlineData(InstanceState.Replaced, false)]
    public void Apply_Departed_IsExpiredWhereItsLeaseWas(InstanceState state, bool expired)
    {
        Apply(Page(7, more: false, "z"));
        Apply(NewChange(8, ChangeKind.Departed, state));

        Assert.Empty(_replica.View.Instances);
        Assert.Equal(expired, _replica.View.Expired.ContainsKey("z"));
    }

    [Fact]
    public void Apply_DepartedAfterItWasTakenOut_IsTakenOutUntilItRegistersAgain()
    {
        Apply(Page(7, more: false, "z"));
        var departed = NewChange(8, ChangeKind.Departed, InstanceState.Unregistered);
        departed.Change.Instance.TakenOut = true;
        Apply(departed);
        Assert.Single(_replica.View.TakenOut);

        Apply(NewChange(9));
        Assert.Empty(_replica.View.TakenOut);
    }

    [Fact]
    public void Apply_RegisteredAgain_IsNotExpired()
    {
        Apply(Page(7, more: false));
        Apply(NewChange(8, ChangeKind.Departed, InstanceState.Expired));
        Apply(NewChange(9));
        Assert.Empty(_replica.View.Expired);

        Apply(NewChange(10, ChangeKind.Departed, InstanceState.Expired));
        Apply(Page(11, more: false, "a"));
        Assert.Single(_replica.View.Expired);
        Apply(Page(12, more: false, "z"));
        Assert.Empty(_replica.View.Expired);
    }

    [Fact]
    public void Apply_ManyDepart_KeepsTheLatest()
    {
        Apply(Page(7, more: false));
        for (var i = 0; i < 300; i++)
        {
            var departed = NewChange(8 + i, ChangeKind.Departed, InstanceState.Expired);
            (departed.Change.Instance.InstanceId, departed.Change.Instance.DepartedUnixMs) = ($"parse-{i}", i);
            departed.Change.Instance.TakenOut = true;
            Apply(departed);
        }

        var latest = Enumerable.Range(300 - 256, 256).Select(i => $"parse-{i}").Order(StringComparer.Ordinal);
        Assert.Equal(latest, _replica.View.Expired.Keys);
        Assert.Equal(latest, _replica.View.TakenOut.Keys);
    }

    [Fact]
    public void Forget_AfterASnapshot_ClearsEpochAndRevisionButKeepsInstances()
    {
        Apply(Page(7, more: false, "a"));
        _replica.Forget();

        Assert.Equal(("", 0L), (_replica.View.Epoch, _replica.View.Revision));
        Assert.Single(_replica.View.Instances);
    }

    private void Apply(WatchResponse response) => _replica.Apply(response);

    private static WatchResponse Page(long revision, bool more, params string[] ids) => new()
    {
        Snapshot = new SnapshotPage
        {
            Revision = revision,
            Epoch = "e",
            More = more,
            Instances = { ids.Select(id => new Instance { InstanceId = id, State = InstanceState.Live }) },
        },
    };

    private static WatchResponse NewChange(
        long revision, ChangeKind kind = ChangeKind.Registered, InstanceState state = InstanceState.Live) => new()
        {
            Change = new Change { Kind = kind, Revision = revision, Instance = new Instance { InstanceId = "z", State = state } },
        };

    private static WatchResponse Notice(long revision) => new() { Progress = new ProgressNotice { Revision = revision } };
}
