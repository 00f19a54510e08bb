using System.Globalization;
using Pipeline.Client.Runs;

namespace Pipeline.Tests.Faults.Cluster;

/// <summary>Partitioned runs on three machines that die, are cut off, or lose their membership table.</summary>
[Collection(FaultCollection.Name)]
public sealed class ClusterTests
{
    private const int Times = 10;

    [ClusterFact]
    public async Task Run_MachineKilledAndAnotherCutOff_SameBytes()
    {
        await using var bench = await ClusterBench.StartAsync(lines: 400_000, slices: 12);
        await bench.WaitForAllAsync();

        await KillAsync(bench, bench.Machines[1]);
        var id = await bench.RunAsync(bench.Machines[0]);
        await bench.UnderWayAsync(id, bench.Machines[2], completed: 1);
        await bench.ConnectAsync(bench.Machines[2], connected: false);
        var run = await bench.FinishAsync(id);

        Assert.NotEmpty(run.Slices);
    }

    [FaultFact]
    [Trait("Row", "cluster")]
    public async Task Run_WhateverHappensToTheMachines_SameBytes()
    {
        Assert.Null(NetworkHost.SkipReason);
        await using var bench = await ClusterBench.StartAsync(3 * FaultSettings.Lines, slices: 24);
        await bench.WaitForAllAsync();
        await RowAsync("undisturbed", bench, async () =>
        {
            var run = await bench.FinishAsync(await bench.RunAsync(bench.Machines[0]));
            return run.Ended!.Value - run.Created;
        });
        await RowAsync("a machine killed", bench, () => KillAsync(bench, bench.Machines[1]));
        await RowAsync("the run's own machine killed", bench, () => KillAsync(bench, bench.Machines[0]));
        await RowAsync("a machine cut off and joined again", bench, () => CutOffAsync(bench, bench.Machines[2]));
        await RowAsync("Redis killed and started empty", bench, async () =>
        {
            var id = await bench.RunAsync(bench.Machines[0]);
            await bench.UnderWayAsync(id, bench.Machines[1], completed: 2);
            await bench.Redis.KillAsync();
            var lost = bench.Find(id).Slices.Count(slice => slice.State == RunState.Completed);
            await bench.UntilAsync(id, run => run.Slices.Count(slice => slice.State == RunState.Completed) > lost, "another slice without Redis");
            await bench.Redis.StartAsync();
            await bench.FinishAsync(id);
            return TimeSpan.Zero;
        });
        await RowAsync("all machines killed and started again", bench, async () =>
        {
            var id = await bench.RunAsync(bench.Machines[0]);
            await bench.UnderWayAsync(id, bench.Machines[1], completed: 2);
            await Task.WhenAll(bench.Machines.Select(machine => machine.KillAsync()));
            var lost = bench.Find(id).Slices.Count(slice => slice.State == RunState.Completed);
            var began = DateTimeOffset.UtcNow;
            foreach (var machine in bench.Machines)
                machine.Start();
            await bench.UntilAsync(id, run => run.Slices.Count(slice => slice.State == RunState.Completed) > lost, "another slice");
            var recovered = DateTimeOffset.UtcNow - began;
            await bench.FinishAsync(id);
            return recovered;
        });
    }

    private static async Task<TimeSpan> KillAsync(ClusterBench bench, ClusterMachine machine)
    {
        var id = await bench.RunAsync(bench.Machines[0]);
        await bench.UnderWayAsync(id, machine, completed: 1);
        await machine.KillAsync();
        var recovered = await bench.RecoveryAsync(id, machine);
        await bench.FinishAsync(id);
        machine.Start();
        return recovered;
    }

    private static async Task<TimeSpan> CutOffAsync(ClusterBench bench, ClusterMachine machine)
    {
        var id = await bench.RunAsync(bench.Machines[0]);
        await bench.UnderWayAsync(id, machine, completed: 1);
        await bench.ConnectAsync(machine, connected: false);
        var recovered = await bench.RecoveryAsync(id, machine);
        await bench.ConnectAsync(machine, connected: true);
        await bench.FinishAsync(id);
        return recovered;
    }

    private static async Task RowAsync(string name, ClusterBench bench, Func<Task<TimeSpan>> once)
    {
        var row = new FaultRow($"cluster, {name}");
        var took = new List<TimeSpan>();
        await row.RepeatAsync(FaultSettings.Repeat(Times), async _ =>
        {
            await bench.WaitForAllAsync();
            took.Add(await once());
        });
        took.Sort();
        if (took.Count > 0)
            row.Note = string.Create(CultureInfo.InvariantCulture, $"recovery {took[0].TotalSeconds:0.0}, {took[took.Count / 2].TotalSeconds:0.0}, {took[^1].TotalSeconds:0.0} s (least, median, most)");
        row.Finish();
    }
}

/// <summary>A test that makes hosts of network namespaces.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ClusterFactAttribute : FactAttribute
{
    public ClusterFactAttribute() => Skip = NetworkHost.SkipReason;
}
