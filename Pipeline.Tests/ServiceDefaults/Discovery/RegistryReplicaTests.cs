using Pipeline.Contracts.Broker.V1;
using Pipeline.ServiceDefaults.Discovery;

namespace Pipeline.Tests.ServiceDefaults.Discovery;

public sealed class RegistryReplicaTests
{
    private readonly RegistryReplica _replica = new();

    [Fact]
    public void PagesMakeOneReset()
    {
        Assert.Empty(Apply(Page(7, more: true, "a", "b")));
        Assert.Empty(_replica.View.Instances);
        var reset = Assert.IsType<RegistryReset>(Assert.Single(Apply(Page(7, more: false, "c"))));

        Assert.Equal(["a", "b", "c"], reset.View.Instances.Keys);
        Assert.Equal((7, "e", true), (reset.View.Revision, reset.View.Epoch, reset.View.IsConnected));
    }

    [Fact]
    public void ASnapshotForgetsWhatWasThere()
    {
        Apply(Page(7, more: false, "a"));
        Apply(Page(9, more: false, "b"));

        Assert.Equal(["b"], _replica.View.Instances.Keys);
    }

    [Fact]
    public void ASnapshotThatBrokeOffIsForgotten()
    {
        Apply(Page(7, more: true, "a"));
        _replica.Disconnect();
        Apply(Page(8, more: false, "b"));

        Assert.Equal(["b"], _replica.View.Instances.Keys);
    }

    [Fact]
    public void ARevisionOutOfOrderIsRefused()
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
    public void NothingMayStandBetweenPages()
    {
        Apply(Page(7, more: true, "a"));

        Assert.Throws<InvalidDataException>(() => Apply(NewChange(8)));
    }

    [Fact]
    public void NoticesMoveTheRevision()
    {
        Apply(Page(7, more: false));

        Assert.Empty(Apply(Notice(12)));
        Assert.Equal(12, _replica.View.Revision);
    }

    [Fact]
    public void TheFirstAnswerAfterABreakTellsThatTheBrokerIsBack()
    {
        Apply(Page(7, more: false, "a"));
        Assert.IsType<RegistryConnection>(_replica.Disconnect());
        Assert.Null(_replica.Disconnect());

        var events = Apply(NewChange(8));

        Assert.Collection(
            events,
            first => Assert.True(Assert.IsType<RegistryConnection>(first).View.IsConnected),
            second => Assert.True(Assert.IsType<RegistryChanged>(second).View is { IsConnected: true, Revision: 8 }));
    }

    [Fact]
    public void WhenItForgotItAsksForASnapshot()
    {
        Apply(Page(7, more: false, "a"));
        _replica.Forget();

        Assert.Equal(("", 0L), (_replica.View.Epoch, _replica.View.Revision));
        Assert.Single(_replica.View.Instances);
    }

    private List<RegistryEvent> Apply(WatchResponse response) => [.. _replica.Apply(response)];

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

    private static WatchResponse NewChange(long revision) => new()
    {
        Change = new Change { Kind = ChangeKind.Registered, Revision = revision, Instance = new Instance { InstanceId = "z" } },
    };

    private static WatchResponse Notice(long revision) => new() { Progress = new ProgressNotice { Revision = revision } };
}
