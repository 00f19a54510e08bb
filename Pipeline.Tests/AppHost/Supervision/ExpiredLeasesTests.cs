using Pipeline.AppHost.Supervision;
using Pipeline.Client.Registry;
using Pipeline.Contracts.Broker.V1;
using Pipeline.ServiceDefaults.Hosting;
using LeaseState = Pipeline.Contracts.Broker.V1.InstanceState;

namespace Pipeline.Tests.AppHost.Supervision;

public class ExpiredLeasesTests
{
    private static readonly ProcessIdentity This = ProcessIdentity.Current;

    private readonly ExpiredLeases _leases = new();

    [Fact]
    public void Below_LeaseExpired_IsTheProcess()
    {
        Expire();

        Assert.Equal(This, _leases.Below(This));
        Assert.Null(_leases.Below(new ProcessIdentity(int.MaxValue, 1)));
    }

    [Fact]
    public void Below_RegisteredAgain_IsNull()
    {
        Expire();
        var instance = new Instance { InstanceId = "own-2", ProcessId = This.Id };
        _leases.Apply(RegistryView.Empty with { Instances = RegistryView.Empty.Instances.Add(instance.InstanceId, instance) });

        Assert.Null(_leases.Below(This));
    }

    private void Expire()
    {
        var instance = new Instance { InstanceId = "own", ProcessId = This.Id, State = LeaseState.Expired };
        _leases.Apply(RegistryView.Empty with { Expired = RegistryView.Empty.Expired.Add(instance.InstanceId, instance) });
    }
}
