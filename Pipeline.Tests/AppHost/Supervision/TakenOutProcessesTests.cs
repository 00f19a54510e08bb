using Pipeline.AppHost.Supervision;
using Pipeline.Client.Registry;
using Pipeline.Contracts.Broker.V1;
using Pipeline.ServiceDefaults.Hosting;
using LeaseState = Pipeline.Contracts.Broker.V1.InstanceState;

namespace Pipeline.Tests.AppHost.Supervision;

public class TakenOutProcessesTests
{
    private readonly TakenOutProcesses _processes = new();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Take_ProcessOfADrainingInstance_IsTakenOutOnlyOnDemand(bool takenOut)
    {
        var instance = new Instance { InstanceId = "own", ProcessId = Environment.ProcessId, State = LeaseState.Draining, TakenOut = takenOut };
        _processes.Apply(RegistryView.Empty with { Instances = RegistryView.Empty.Instances.Add(instance.InstanceId, instance) });

        Assert.Equal(takenOut, _processes.Take(ProcessIdentity.Current));
        Assert.False(_processes.Take(ProcessIdentity.Current));
    }

    [LinuxFact]
    public void Take_ItsLauncher_IsTakenOutToo()
    {
        var instance = new Instance { InstanceId = "own", ProcessId = Environment.ProcessId, State = LeaseState.Draining, TakenOut = true };
        _processes.Apply(RegistryView.Empty with { Instances = RegistryView.Empty.Instances.Add(instance.InstanceId, instance) });

        Assert.True(_processes.Take(ResourceProcesses.ParentOf(Environment.ProcessId)!.Value));
    }
}
