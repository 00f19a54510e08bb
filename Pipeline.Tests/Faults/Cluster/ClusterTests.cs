using System.Diagnostics;
using ProcessBench = Pipeline.Tests.Faults.Cluster.ClusterBench<Pipeline.Tests.Faults.Cluster.ClusterMachine>;

namespace Pipeline.Tests.Faults.Cluster;

/// <summary>Partitioned runs on three machines that die, are cut off, or lose their membership table.</summary>
[Collection(WholeMachineCollection.Name)]
public sealed class ClusterTests : IDisposable
{
    private const int Times = 10;
    private const string WithoutSink = "the run's own machine without Sink";

    private readonly string _folder = Directory.CreateTempSubdirectory("cluster-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [ClusterFact]
    public async Task Run_MachineKilledAndAnotherCutOff_SameBytes()
    {
        await using var bench = await StartAsync(lines: 400_000, slices: 12);
        await bench.WaitForAllAsync();

        await KillAsync(bench, bench.Machines[1]);
        var id = (await bench.UnderWayAsync(bench.Machines[0], bench.Machines[2], completed: 1)).Id;
        await bench.ConnectAsync(bench.Machines[2], connected: false);
        var run = await bench.FinishAsync(id);

        Assert.NotEmpty(run.Slices);
    }

    [FaultTheory]
    [Trait("Row", "cluster")]
    [InlineData("undisturbed")]
    [InlineData("a machine killed")]
    [InlineData("the run's own machine killed")]
    [InlineData(WithoutSink)]
    [InlineData("a machine cut off and joined again")]
    [InlineData("Redis killed and started empty")]
    [InlineData("all machines killed and started again")]
    public async Task Run_WhateverHappensToTheMachines_SameBytes(string what)
    {
        Assert.Null(NetworkHost.SkipReason);
        await using var bench = await StartAsync(3 * FaultSettings.Lines, slices: 24, what == WithoutSink ? "00:00:05" : "00:02:00");
        var row = new FaultRow($"cluster, {what}");
        var took = new List<TimeSpan>();
        await row.RepeatAsync(FaultSettings.Repeat(Times), async _ =>
        {
            await bench.WaitForAllAsync();
            took.Add(await DisturbAsync(bench, what));
        });
        row.NoteTimes(what == "undisturbed" ? "done" : "recovered", took);
        row.Finish();
    }

    private Task<ProcessBench> StartAsync(int lines, int slices, string routeTimeout = "00:02:00") => ProcessBench.StartAsync(
        _folder, machines: 3, lines, slices, batchSize: 0, (host, folder, settings) => new ClusterMachine(host, folder, settings), routeTimeout);

    private static Task<TimeSpan> DisturbAsync(ProcessBench bench, string what) => what switch
    {
        "a machine killed" => KillAsync(bench, bench.Machines[1]),
        "the run's own machine killed" => KillAsync(bench, bench.Machines[0]),
        WithoutSink => MergeElsewhereAsync(bench),
        "a machine cut off and joined again" => CutOffAsync(bench, bench.Machines[2]),
        "Redis killed and started empty" => LoseRedisAsync(bench),
        "all machines killed and started again" => KillAllAsync(bench),
        _ => LeaveAloneAsync(bench),
    };

    // How long the whole run takes.
    private static async Task<TimeSpan> LeaveAloneAsync(ProcessBench bench)
    {
        var run = await bench.FinishAsync(await bench.RunAsync(bench.Machines[0]));
        return run.Ended!.Value - run.Created;
    }

    private static async Task<TimeSpan> LoseRedisAsync(ProcessBench bench)
    {
        var id = await bench.RunAsync(bench.Machines[0]);
        await bench.CompletedAsync(id, 2);
        var starts = bench.Machines.Select(machine => machine.OrchestratorStarts).ToList();
        await bench.Redis.KillAsync();
        var began = Stopwatch.GetTimestamp();
        await bench.CompletedAsync(id, bench.Completed(id) + 1);
        var recovered = Stopwatch.GetElapsedTime(began);
        await bench.Redis.StartAsync();
        await bench.FinishAsync(id);
        // Each orchestrator ends when it finds the table empty, and joins anew.
        await ProcessBench.UntilAsync(
            () => bench.Machines.Zip(starts).All(machine => machine.First.OrchestratorStarts > machine.Second), "all orchestrators to join anew");
        return recovered;
    }

    private static async Task<TimeSpan> KillAllAsync(ProcessBench bench)
    {
        var id = await bench.RunAsync(bench.Machines[0]);
        await bench.CompletedAsync(id, 2);
        await Task.WhenAll(bench.Machines.Select(machine => machine.KillAsync()));
        var began = Stopwatch.GetTimestamp();
        foreach (var machine in bench.Machines)
            await machine.StartAsync();
        await bench.CompletedAsync(id, bench.Completed(id) + 1);
        var recovered = Stopwatch.GetElapsedTime(began);
        await bench.FinishAsync(id);
        return recovered;
    }

    private static async Task<TimeSpan> KillAsync(ProcessBench bench, ClusterMachine machine)
    {
        var (id, recovered) = await bench.LoseAsync(machine, machine.KillAsync);
        await bench.FinishAsync(id);
        await machine.StartAsync();
        return recovered;
    }

    // Its slices are worked on by the others, and then one of them has to merge.
    private static async Task<TimeSpan> MergeElsewhereAsync(ProcessBench bench)
    {
        var own = bench.Machines[0];
        await own.KillAsync("sink");
        var id = await bench.RunAsync(own);
        await bench.CompletedAsync(id, 24);
        var began = Stopwatch.GetTimestamp();
        var run = await bench.FinishAsync(id);
        Assert.DoesNotContain(run.History[^1].Route, instance => instance.StartsWith(own.Host.Name, StringComparison.Ordinal));
        own.Start("sink");
        return Stopwatch.GetElapsedTime(began);
    }

    private static async Task<TimeSpan> CutOffAsync(ProcessBench bench, ClusterMachine machine)
    {
        var (id, recovered) = await bench.LoseAsync(machine, () => bench.ConnectAsync(machine, connected: false));
        await bench.ConnectAsync(machine, connected: true);
        await bench.FinishAsync(id);
        return recovered;
    }
}

/// <summary>A test that makes hosts of network namespaces.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ClusterFactAttribute : FactAttribute
{
    public ClusterFactAttribute() => Skip = NetworkHost.SkipReason;
}
