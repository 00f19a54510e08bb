using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Client.Runs;
using Pipeline.Orchestrator.Web;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.Tests.Orchestrator.Web;

public sealed class FaultActionsTests
{
    // Continue does nothing to a process that runs: this one.
    [LinuxFact]
    public void Send_ProcessThatDoesNotListenAtTheAddress_IsRefusedAndSaysWhy()
    {
        var actions = NewActions();

        var refused = actions.Send(InstanceOf(Environment.ProcessId), ProcessSignal.Continue);
        var unknown = actions.Send(InstanceOf(0), ProcessSignal.Continue);

        Assert.Equal(
            $"Continue was not sent to rules-0: process {Environment.ProcessId} is not one of this user's that listens at http://127.0.0.1:1", refused);
        Assert.Equal("Continue was not sent to rules-0: it has not told its process id", unknown);
        Assert.Empty(actions.Sent.Current.Value);
    }

    [LinuxFact]
    public void Send_Signal_IsListed()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var actions = NewActions();

        var refused = actions.Send(InstanceOf(Environment.ProcessId, $"http://{listener.LocalEndpoint}"), ProcessSignal.Continue);

        Assert.Null(refused);
        var sent = Assert.Single(actions.Sent.Current.Value);
        Assert.Equal(("continued", "rules rules-0"), (sent.Kind, sent.Who));
    }

    private static FaultActions NewActions() => new(
        new ConfigurationBuilder().AddInMemoryCollection([new(AppHostWatch.Variable, "1")]).Build(), TimeProvider.System, NullLogger<FaultActions>.Instance);

    private static TopologyInstance InstanceOf(int process, string address = "http://127.0.0.1:1") =>
        SampleInstance.New("rules-0", "rules") with { ProcessId = process, Address = address };
}
