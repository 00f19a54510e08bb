using System.Diagnostics;
using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Pipeline.Contracts.Broker.V1;
using Pipeline.Tests.AppHost;
using Pipeline.Tests.EndToEnd;

namespace Pipeline.Tests.Faults;

/// <summary>The registry while the broker or the owners of its entries die.</summary>
[Collection(WholeMachineCollection.Name)]
[Trait("Category", "Faults")]
[Trait("Row", "broker")]
public sealed class BrokerTests
{
    private const int Usual = 5;

    /// <summary>The duration of a lease plus one second, as docs/GUARANTEES.md promises.</summary>
    private static readonly TimeSpan LeaseAndMore = TimeSpan.FromSeconds(5 + 1);

    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(1);

    [FaultFact]
    public async Task Kill_BrokerDuringARun_AllRegisterAgainAndWatchersMissNoChange()
    {
        await using var bench = await FaultBench.StartAsync(FaultSettings.Lines);
        var endpoint = bench.Pipeline.Host.Application.GetEndpoint("broker", "grpc");
        await using var steady = new RegistryHistory(endpoint);
        await using var breaking = new RegistryHistory(endpoint, breakEvery: 2);
        RegistryHistory[] watchers = [steady, breaking];
        var row = new FaultRow("broker killed and restarted, watchers");
        var takes = await bench.MeasureAsync(Pace.Steady);
        var slowest = TimeSpan.Zero;
        await row.RepeatAsync(FaultSettings.Repeat(Usual), async random =>
        {
            var epoch = "";
            await steady.UntilAsync((instances, now) => AllAreIn(instances) && (epoch = now).Length > 0, AppHostUnderTest.Patience);
            var process = await bench.ProcessOfAsync("broker");
            var run = await bench.Pipeline.Api.StartAsync(bench.NewRun(Pace.Steady));
            await bench.MomentAsync(run, Pace.Steady, takes, random, until: 0.8);
            var struck = DateTimeOffset.UtcNow;
            ServiceProcesses.Kill(process);
            await steady.UntilAsync((_, now) => now != epoch, AppHostUnderTest.Patience);
            var back = Stopwatch.GetTimestamp();
            foreach (var watcher in watchers)
                await watcher.UntilAsync((instances, now) => now != epoch && AllAreIn(instances), AppHostUnderTest.Patience);
            var took = Stopwatch.GetElapsedTime(back);
            slowest = took > slowest ? took : slowest;
            Assert.True(took <= LeaseAndMore, $"everybody was registered again after {took.TotalSeconds:0.0} s");
            run = await bench.FinishAsync(run);
            Assert.Equal(1, run.Attempts);
            Assert.True(run.Ended > struck, "the run was over before the kill");

            // Changes of the ordinary kind too, so that the watchers see some besides the snapshots.
            var parse = await bench.ProcessOfAsync("parse");
            ServiceProcesses.Kill(parse);
            foreach (var watcher in watchers)
                await watcher.UntilAsync((instances, _) => AllAreIn(instances) && instances.All(one => one.ProcessId != parse), AppHostUnderTest.Patience);
            Assert.Empty(watchers.SelectMany(watcher => watcher.Errors));
        });
        row.Note = string.Create(
            CultureInfo.InvariantCulture,
            $"registered again within {slowest.TotalSeconds:0.0} s; {watchers.Sum(watcher => watcher.Changes)} changes and "
            + $"{watchers.Sum(watcher => watcher.Snapshots)} snapshots in {steady.Epochs} epochs, none out of order");
        row.Require(watchers.All(watcher => watcher.Changes > 0 && watcher.Epochs > 1), "the watchers saw nothing: the test is vacuous");
        row.Finish();
    }

    [FaultFact]
    public async Task KillOrStop_RegisteredStage_GoneWithItsLeaseOrAtOnce()
    {
        await using var pipeline = await PipelineUnderTest.StartAsync(
            "--Pipeline:Services:rules:Restart:Policy=Never", "--Pipeline:Services:parse:Restart:Policy=Never");
        await using var watcher = new RegistryHistory(pipeline.Host.Application.GetEndpoint("broker", "grpc"));
        var processes = new ServiceProcesses(pipeline.Host.Data);
        var row = new FaultRow("owner killed, owner stopped");
        await row.OnceAsync("", async _ =>
        {
            await watcher.UntilAsync((instances, _) => AllAreIn(instances), AppHostUnderTest.Patience);
            ServiceProcesses.Kill(processes.Find("rules")!.Value);
            var killed = Stopwatch.GetTimestamp();
            await watcher.UntilAsync((instances, _) => instances.All(instance => instance.Role != "rules"), AppHostUnderTest.Patience);
            var expired = Stopwatch.GetElapsedTime(killed);

            var parse = await pipeline.Host.WaitForHealthyAsync("parse");
            var stopped = Stopwatch.GetTimestamp();
            var gone = watcher.UntilAsync((instances, _) => instances.All(instance => instance.Role != "parse"), AppHostUnderTest.Patience);
            await pipeline.Host.Application.ResourceCommands.ExecuteCommandAsync(parse.ResourceId, KnownResourceCommands.StopCommand)
                .WaitAsync(AppHostUnderTest.Patience);
            await gone;
            var unregistered = Stopwatch.GetElapsedTime(stopped);
            row.Note = string.Create(
                CultureInfo.InvariantCulture, $"killed: gone after {expired.TotalSeconds:0.0} s; stopped: after {unregistered.TotalSeconds:0.00} s");
            Assert.InRange(expired, TimeSpan.Zero, LeaseAndMore);
            Assert.InRange(unregistered, TimeSpan.Zero, AtOnce);
            Assert.Empty(watcher.Errors);
        });
        row.Finish();
    }

    private static bool AllAreIn(IReadOnlyCollection<Instance> instances) =>
        PipelineUnderTest.Stages.All(role => instances.Any(instance => instance.Role == role && instance.State == InstanceState.Live));
}
