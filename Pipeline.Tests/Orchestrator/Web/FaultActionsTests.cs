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
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new(AppHostWatch.Variable, "1")]).Build();
        var actions = new FaultActions(configuration, NullLogger<FaultActions>.Instance);

        var refused = actions.Send(InstanceOf(Environment.ProcessId), ProcessSignal.Continue);
        var unknown = actions.Send(InstanceOf(0), ProcessSignal.Continue);

        Assert.Equal(
            $"Continue was not sent to rules-0: process {Environment.ProcessId} is not one of this user's that listens at http://127.0.0.1:1", refused);
        Assert.Equal("Continue was not sent to rules-0: it has not told its process id", unknown);
    }

    private static TopologyInstance InstanceOf(int process) => new()
    {
        InstanceId = "rules-0", Interface = "pipeline.v1.Stage", Role = "rules", Address = "http://127.0.0.1:1", Accepts = [], Emits = [], Version = "1",
        Language = "csharp", ProcessId = process, State = "live", Registered = null, LeaseRemainingMillis = 5_000, Departed = null,
    };
}
