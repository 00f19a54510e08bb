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
    public void Contains_ProcessOfADrainingInstance_IsTakenOutOnlyOnDemand(bool takenOut)
    {
        _processes.Apply(View(Own(LeaseState.Draining, takenOut)));

        Assert.Equal(takenOut, _processes.Contains(ProcessIdentity.Current));
    }

    [LinuxFact]
    public void Contains_ItsLauncher_IsTakenOutToo()
    {
        _processes.Apply(View(Own(LeaseState.Draining, takenOut: true)));

        Assert.True(_processes.Contains(ResourceProcesses.ParentOf(Environment.ProcessId)!.Value));
    }

    [LinuxFact]
    public void Contains_LauncherOfAnotherInstanceThatIsLive_IsNotTakenOut()
    {
        var other = Own(LeaseState.Live, takenOut: false);
        (other.InstanceId, other.LeaseId, other.ProcessId) = ("other", 2, ResourceProcesses.ParentOf(Environment.ProcessId)!.Value.Id);

        var view = View(Own(LeaseState.Draining, takenOut: true));
        _processes.Apply(view with { Instances = view.Instances.Add(other.InstanceId, other) });

        Assert.True(_processes.Contains(ProcessIdentity.Current));
        Assert.False(_processes.Contains(ResourceProcesses.ParentOf(Environment.ProcessId)!.Value));
    }

    // By the time the AppHost hears of it the process may have ended: it is known from before.
    [Fact]
    public void Contains_DepartedBeforeItWasSeenToDrain_IsTakenOut()
    {
        _processes.Apply(View(Own(LeaseState.Live, takenOut: false)));
        var departed = Own(LeaseState.Unregistered, takenOut: true);
        departed.ProcessId = int.MaxValue;

        _processes.Apply(RegistryView.Empty with { TakenOut = RegistryView.Empty.TakenOut.Add(departed.InstanceId, departed) });

        Assert.True(_processes.Contains(ProcessIdentity.Current));
    }

    [Fact]
    public void Contains_RegisteredAnew_IsNotTakenOutAnyMore()
    {
        _processes.Apply(View(Own(LeaseState.Draining, takenOut: true)));
        var again = Own(LeaseState.Live, takenOut: false);
        again.LeaseId = 2;

        _processes.Apply(View(again));

        Assert.False(_processes.Contains(ProcessIdentity.Current));
    }

    private static RegistryView View(Instance instance) =>
        RegistryView.Empty with { Instances = RegistryView.Empty.Instances.Add(instance.InstanceId, instance) };

    private static Instance Own(LeaseState state, bool takenOut) =>
        new() { InstanceId = "own", LeaseId = 1, ProcessId = Environment.ProcessId, State = state, TakenOut = takenOut };
}
