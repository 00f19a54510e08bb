using Aspire.Hosting.ApplicationModel;
using Pipeline.Tests.AppHost;

namespace Pipeline.Tests.EndToEnd;

/// <summary>The topology: the registered instances, and how the stop of one shows in it.</summary>
[Collection(PipelineCollection.Name)]
public sealed class TopologyTests(PipelineFixture fixture)
{
    private PipelineUnderTest Pipeline => fixture.Pipeline;

    [Fact]
    public async Task Topology_AllStagesUp_ListsAddressKindsLeaseAndProcessOfEach()
    {
        var topology = await Pipeline.WaitForStagesAsync();

        Assert.True(topology.Connected);
        Assert.NotEmpty(topology.Epoch);
        foreach (var instance in topology.Instances.Where(instance => instance.State == "live"))
        {
            Assert.Equal(("pipeline.v1.Stage", "csharp"), (instance.Interface, instance.Language));
            var (accepts, emits) = KindsOf(instance.Role);
            Assert.Equal(accepts, instance.Accepts);
            Assert.Equal(emits, instance.Emits);
            Assert.StartsWith("http://127.0.0.1:", instance.Address, StringComparison.Ordinal);
            Assert.InRange(instance.LeaseRemainingMillis, 0, 5_000);
            Assert.True(instance.ProcessId > 0);
        }

        var rules = await Pipeline.Api.TopologyAsync("rules");
        Assert.True(rules.Connected);
        Assert.All(rules.Instances, instance => Assert.Equal("rules", instance.Role));
        Assert.Contains(rules.Instances, instance => instance.State == "live");

        static (string[] Accepts, string[] Emits) KindsOf(string role) => role switch
        {
            "ingest" => ([], ["lines"]),
            "parse" => (["lines"], ["events", "work_items"]),
            "sink" => (["events", "work_items"], []),
            _ => (["events", "work_items"], ["events", "work_items"]),
        };
    }

    [Fact]
    public async Task Stop_StageByCommand_UnregistersAndRegistersAgainAfterStart()
    {
        var rules = await Pipeline.Host.WaitForHealthyAsync("rules");
        var before = await Pipeline.TopologyAsync(now => now.Instances.Any(instance => instance is { Role: "rules", State: "live" }));
        var process = before.Instances.Single(instance => instance is { Role: "rules", State: "live" }).ProcessId;
        var commands = Pipeline.Host.Application.ResourceCommands;

        // Armed before the stop, so that nothing is missed.
        var gone = Pipeline.TopologyAsync(now => now.Instances.Any(
            instance => instance.Role == "rules" && instance.ProcessId == process && instance.State == "unregistered"));
        var stop = await commands.ExecuteCommandAsync(rules.ResourceId, KnownResourceCommands.StopCommand).WaitAsync(AppHostUnderTest.Patience);
        Assert.True(stop.Success, stop.Message);
        var after = await gone;
        Assert.DoesNotContain(after.Instances, instance => instance is { Role: "rules", State: "live" });
        Assert.True(after.Revision > before.Revision);

        await Pipeline.Host.WaitForAsync("rules", change => KnownResourceStates.TerminalStates.Contains(change.Snapshot.State?.Text));
        await commands.ExecuteCommandAsync(rules.ResourceId, KnownResourceCommands.StartCommand).WaitAsync(AppHostUnderTest.Patience);
        await Pipeline.TopologyAsync(now => now.Instances.Any(instance => instance is { Role: "rules", State: "live" } && instance.ProcessId != process));
    }
}
