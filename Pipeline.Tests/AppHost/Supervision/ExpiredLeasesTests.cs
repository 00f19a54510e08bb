using Pipeline.AppHost.Supervision;
using Pipeline.Contracts.Broker.V1;
using Pipeline.ServiceDefaults.Discovery;
using Pipeline.ServiceDefaults.Hosting;
using LeaseState = Pipeline.Contracts.Broker.V1.InstanceState;

namespace Pipeline.Tests.AppHost.Supervision;

public class ExpiredLeasesTests
{
    private static readonly ProcessIdentity This = ProcessIdentity.Current;

    private readonly ExpiredLeases _leases = new();

    [Theory]
    [InlineData(LeaseState.Expired, true)]
    [InlineData(LeaseState.Unregistered, false)]
    [InlineData(LeaseState.Replaced, false)]
    public void Below_Departed_IsFoundWhereItExpired(LeaseState state, bool found)
    {
        Depart(state);

        Assert.Equal(found ? This : null, _leases.Below(This));
        Assert.Null(_leases.Below(new ProcessIdentity(int.MaxValue, 1)));
    }

    [Fact]
    public void Below_RegisteredAgain_IsNull()
    {
        Depart(LeaseState.Expired);
        var instance = new Instance { InstanceId = "own-2", ProcessId = This.Id };
        var instances = RegistryView.Empty.Instances.Add(instance.InstanceId, instance);
        _leases.Apply(new RegistryReset(RegistryView.Empty with { Instances = instances }));

        Assert.Null(_leases.Below(This));
    }

    private void Depart(LeaseState state) => _leases.Apply(new RegistryChanged(
        RegistryView.Empty, ChangeKind.Departed, new Instance { InstanceId = "own", ProcessId = This.Id, State = state }));
}
