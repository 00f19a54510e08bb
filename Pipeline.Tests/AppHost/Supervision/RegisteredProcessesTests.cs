using Aspire.Hosting.ApplicationModel;
using Pipeline.AppHost.Supervision;
using Pipeline.Client.Registry;
using Pipeline.Contracts.Broker.V1;
using Pipeline.ServiceDefaults.Hosting;
using LeaseState = Pipeline.Contracts.Broker.V1.InstanceState;

namespace Pipeline.Tests.AppHost.Supervision;

public class RegisteredProcessesTests
{
    private readonly RegisteredProcesses _processes = new(new DistributedApplicationModel([]), TimeProvider.System);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void IsTakenOut_ProcessOfADrainingInstance_IsTakenOutOnlyOnDemand(bool takenOut)
    {
        _processes.Apply(View(Own(LeaseState.Draining, takenOut)));

        Assert.Equal(takenOut, _processes.IsTakenOut(ProcessIdentity.Current));
    }

    [LinuxFact]
    public void IsTakenOut_ItsLauncher_IsTakenOutToo()
    {
        _processes.Apply(View(Own(LeaseState.Draining, takenOut: true)));

        Assert.True(_processes.IsTakenOut(ResourceProcesses.ParentOf(Environment.ProcessId)!.Value));
    }

    [LinuxFact]
    public void IsTakenOut_LauncherOfAnotherInstanceThatIsLive_IsNotTakenOut()
    {
        var other = Own(LeaseState.Live, takenOut: false);
        (other.InstanceId, other.LeaseId, other.ProcessId) = ("other", 2, ResourceProcesses.ParentOf(Environment.ProcessId)!.Value.Id);

        var view = View(Own(LeaseState.Draining, takenOut: true));
        _processes.Apply(view with { Instances = view.Instances.Add(other.InstanceId, other) });

        Assert.True(_processes.IsTakenOut(ProcessIdentity.Current));
        Assert.False(_processes.IsTakenOut(ResourceProcesses.ParentOf(Environment.ProcessId)!.Value));
    }

    // By the time the AppHost hears of it the process may have ended: it is known from before.
    [Fact]
    public void IsTakenOut_DepartedBeforeItWasSeenToDrain_IsTakenOut()
    {
        _processes.Apply(View(Own(LeaseState.Live, takenOut: false)));
        var departed = Own(LeaseState.Unregistered, takenOut: true);
        departed.ProcessId = int.MaxValue;

        _processes.Apply(RegistryView.Empty with { TakenOut = RegistryView.Empty.TakenOut.Add(departed.InstanceId, departed) });

        Assert.True(_processes.IsTakenOut(ProcessIdentity.Current));
    }

    [Fact]
    public void IsTakenOut_RegisteredAnew_IsNotTakenOutAnyMore()
    {
        _processes.Apply(View(Own(LeaseState.Draining, takenOut: true)));
        var again = Own(LeaseState.Live, takenOut: false);
        again.LeaseId = 2;

        _processes.Apply(View(again));

        Assert.False(_processes.IsTakenOut(ProcessIdentity.Current));
    }

    [Fact]
    public void ExpiredBelow_LeaseExpired_IsTheProcess()
    {
        _processes.Apply(Expired());

        Assert.Equal(ProcessIdentity.Current, _processes.ExpiredBelow(ProcessIdentity.Current));
        Assert.Null(_processes.ExpiredBelow(new ProcessIdentity(int.MaxValue, 1)));
    }

    [Fact]
    public void ExpiredBelow_RegisteredAgainByAnotherName_IsNull()
    {
        var expired = Expired();
        _processes.Apply(expired);
        var again = Own(LeaseState.Live, takenOut: false);
        (again.InstanceId, again.LeaseId) = ("own-2", 2);
        _processes.Apply(expired with { Instances = expired.Instances.Add(again.InstanceId, again) });

        Assert.Null(_processes.ExpiredBelow(ProcessIdentity.Current));

        // It has left in order: it lives on, and owes the broker nothing.
        _processes.Apply(expired);

        Assert.Null(_processes.ExpiredBelow(ProcessIdentity.Current));
    }

    private static RegistryView Expired()
    {
        var instance = Own(LeaseState.Expired, takenOut: false);
        return RegistryView.Empty with { Expired = RegistryView.Empty.Expired.Add(instance.InstanceId, instance) };
    }

    private static RegistryView View(Instance instance) =>
        RegistryView.Empty with { Instances = RegistryView.Empty.Instances.Add(instance.InstanceId, instance) };

    private static Instance Own(LeaseState state, bool takenOut) =>
        new() { InstanceId = "own", LeaseId = 1, ProcessId = Environment.ProcessId, State = state, TakenOut = takenOut };
}
