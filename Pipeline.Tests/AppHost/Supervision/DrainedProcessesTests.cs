using Pipeline.AppHost.Supervision;
using Pipeline.Client.Registry;
using Pipeline.Contracts.Broker.V1;
using Pipeline.ServiceDefaults.Hosting;
using LeaseState = Pipeline.Contracts.Broker.V1.InstanceState;

namespace Pipeline.Tests.AppHost.Supervision;

public class DrainedProcessesTests
{
    private readonly DrainedProcesses _drained = new();

    [Theory]
    [InlineData(LeaseState.Draining, true)]
    [InlineData(LeaseState.Live, false)]
    public void Take_ProcessOfAnInstance_IsToLeaveWhereThatDrains(LeaseState state, bool leaves)
    {
        var instance = new Instance { InstanceId = "own", ProcessId = Environment.ProcessId, State = state };
        _drained.Apply(RegistryView.Empty with { Instances = RegistryView.Empty.Instances.Add(instance.InstanceId, instance) });

        Assert.Equal(leaves, _drained.Take(ProcessIdentity.Current));
        Assert.False(_drained.Take(ProcessIdentity.Current));
    }

    [LinuxFact]
    public void Take_ItsLauncher_IsToLeaveToo()
    {
        var instance = new Instance { InstanceId = "own", ProcessId = Environment.ProcessId, State = LeaseState.Draining };
        _drained.Apply(RegistryView.Empty with { Instances = RegistryView.Empty.Instances.Add(instance.InstanceId, instance) });

        Assert.True(_drained.Take(ResourceProcesses.ParentOf(Environment.ProcessId)!.Value));
    }
}
