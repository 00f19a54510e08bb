using Pipeline.Contracts;
using Pipeline.Contracts.Broker.V1;
using Pipeline.Orchestrator.Instances;
using Pipeline.ServiceDefaults.Hosting;
using Pipeline.Tests.Broker;

namespace Pipeline.Tests.Orchestrator.Instances;

public sealed class InstanceControlTests
{
    [Fact]
    public async Task DrainAsync_LeaseOfTheRegistry_MarksItsInstanceAndNoOther()
    {
        await using var broker = await BrokerFixture.StartAsync();
        var control = new InstanceControl(broker.Client);
        var former = await broker.RegisterAsync();
        await broker.RegisterAsync();
        var present = Assert.Single((await broker.Client.LookupAsync(new LookupRequest())).Instances);

        Assert.False(await control.DrainAsync(new Instance(present) { LeaseId = former.LeaseId }));
        Assert.Single((await broker.Client.LookupAsync(new LookupRequest())).Instances);
        Assert.True(await control.DrainAsync(present));

        var listed = await broker.Client.ListAsync(new ListRequest { IncludeDeparted = true });
        var marked = listed.Instances.Single(instance => instance.LeaseId == present.LeaseId);
        Assert.Equal((InstanceState.Draining, true), (marked.State, marked.TakenOut));
    }

    [Fact]
    public async Task DrainAsync_BrokerIsAway_SaysThatNothingWasStopped()
    {
        var broker = await BrokerFixture.StartAsync();
        await broker.App.StopAsync();
        await using var stopped = broker;

        var error = await Assert.ThrowsAsync<StageException>(() => new InstanceControl(broker.Client).DrainAsync(BrokerFixture.NewInstance()));

        Assert.Equal("the broker is out of reach: nothing was stopped", error.Message);
    }

    [LinuxFact]
    public async Task Find_ProcessThatDoesNotListenAtTheAddress_IsNotToBeAskedToEnd()
    {
        await using var broker = await BrokerFixture.StartAsync();
        var control = new InstanceControl(broker.Client);
        var own = BrokerFixture.NewInstance(address: $"http://127.0.0.1:{broker.Address.Port}");

        Assert.Equal("it has not told its process id", control.Find(own).WhyNot);
        Assert.Equal(ProcessIdentity.Current, control.Find(new Instance(own) { ProcessId = Environment.ProcessId }).Identity);
        Assert.Equal(
            $"process 1 is not one of this user's that listens at {own.Address}", control.Find(new Instance(own) { ProcessId = 1 }).WhyNot);
        Assert.Equal(
            $"there is no process {int.MaxValue} on this machine", control.Find(new Instance(own) { ProcessId = int.MaxValue }).WhyNot);
    }
}
