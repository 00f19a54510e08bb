using System.Diagnostics;
using System.Globalization;
using Pipeline.AppHost.Publishing;
using Pipeline.ServiceDefaults.Hosting;
using SystemdBench = Pipeline.Tests.Faults.Cluster.ClusterBench<Pipeline.Tests.Faults.Cluster.SystemdMachine>;

namespace Pipeline.Tests.Faults.Cluster;

/// <summary>Partitioned runs on two machines whose pipelines are the units that the AppHost writes.</summary>
[Collection(WholeMachineCollection.Name)]
public sealed class SystemdUnitTests : IDisposable
{
    private const int Times = 3;

    // Lines: so that a run takes seconds, and what is done to it is done in the middle.
    private const int SmallBatch = 2;

    private const string Orchestrator = "pipeline-orchestrator.service";
    private const string PortSetting = "Cluster__SiloPort";

    // Units do not see /tmp.
    private readonly string _folder = Directory.CreateDirectory($"/srv/pipeline-units-{Guid.NewGuid():N}").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SystemdFact]
    [Trait("Row", "units")]
    public async Task Run_WhateverHappensToTheUnits_SameBytes()
    {
        await SystemdMachine.PublishAsync(_folder, SystemdBench.StorageOf(_folder));
        await using var bench = await SystemdBench.StartAsync(
            _folder, machines: 2, 3 * FaultSettings.Lines, slices: 12, SmallBatch, (host, _, settings) => new SystemdMachine(host, _folder, settings));
        var failures = new List<string>();
        foreach (var (what, outcome, disturbAsync) in new (string, string, Func<SystemdBench, Random, Task<TimeSpan>>)[]
        {
            ("undisturbed", "done", LeaveAloneAsync),
            ("a stage killed", "restarted", KillStageAsync),
            ("the run's own machine stopped", "recovered", StopAsync),
            ("the run's own machine killed", "recovered", KillAsync),
            ("a wrong setting", "given up", MisconfigureAsync),
        })
        {
            var row = new FaultRow($"units, {what}");
            var took = new List<TimeSpan>();
            await row.RepeatAsync(FaultSettings.Repeat(Times), async random =>
            {
                await Task.WhenAll(bench.Machines.Select(machine => machine.StartAsync()));
                await bench.WaitForAllAsync();
                took.Add(await disturbAsync(bench, random));
            });
            row.NoteTimes(outcome, took);
            if (Record.Exception(row.Finish) is { } failure)
                failures.Add(failure.Message);
        }

        Assert.True(failures.Count == 0, string.Join('\n', failures));
    }

    // How long the whole run takes.
    private static async Task<TimeSpan> LeaveAloneAsync(SystemdBench bench, Random random)
    {
        var run = await bench.FinishAsync(await bench.RunAsync(bench.Machines[0]));
        return run.Ended!.Value - run.Created;
    }

    // How long it takes until systemd has started it again.
    private static async Task<TimeSpan> KillStageAsync(SystemdBench bench, Random random)
    {
        var machine = bench.Machines[1];
        var stages = machine.Services.Where(service => service.Contains('@', StringComparison.Ordinal)).ToList();
        var stage = stages[random.Next(stages.Count)];
        var former = await machine.ShowAsync(stage);
        var id = (await bench.UnderWayAsync(bench.Machines[0], machine, completed: 1)).Id;
        await machine.RunAsync("systemctl", "kill", "--signal=KILL", stage);
        var began = Stopwatch.GetTimestamp();
        var again = await machine.UntilAsync(
            stage, unit => unit["ActiveState"] == "active" && unit["MainPID"] != former["MainPID"], "systemd to start it again");
        var recovered = Stopwatch.GetElapsedTime(began);
        var run = await bench.FinishAsync(id);
        Assert.Equal(Restarts(former) + 1, Restarts(again));
        Assert.Contains(run.Slices, slice => slice.Attempts > 1);
        return recovered;
    }

    // Its slices drain, and the other machine goes on with them and with the run.
    private static async Task<TimeSpan> StopAsync(SystemdBench bench, Random random)
    {
        var machine = bench.Machines[0];
        var (id, recovered) = await bench.LoseAsync(machine, () => machine.RunAsync("systemctl", "stop", SystemdFiles.Target));
        await bench.FinishAsync(id);
        Assert.True(bench.Owners(id) > 1, "no other machine took the run over");
        foreach (var service in machine.Services)
        {
            var unit = await machine.ShowAsync(service);
            Assert.Equal((service, "inactive", "success"), (service, unit["ActiveState"], unit["Result"]));
        }

        return recovered;
    }

    private static async Task<TimeSpan> KillAsync(SystemdBench bench, Random random)
    {
        var machine = bench.Machines[0];
        var (id, recovered) = await bench.LoseAsync(machine, machine.KillAsync);
        await bench.FinishAsync(id);
        Assert.True(bench.Owners(id) > 1, "no other machine took the run over");
        return recovered;
    }

    // How long it takes until systemd has given up.
    private static async Task<TimeSpan> MisconfigureAsync(SystemdBench bench, Random random)
    {
        var machine = bench.Machines[1];
        await machine.SetAsync(PortSetting, "70000");
        try
        {
            await machine.RunAsync("systemctl", "restart", Orchestrator);
            var began = Stopwatch.GetTimestamp();
            var unit = await machine.UntilAsync(Orchestrator, unit => unit["ActiveState"] == "failed", "systemd to give it up");
            var recovered = Stopwatch.GetElapsedTime(began);
            Assert.Equal(($"{ServiceRunner.Misconfigured}", 0), (unit["ExecMainStatus"], Restarts(unit)));
            await machine.RunAsync("journalctl", "--sync");
            var said = await machine.RunAsync("journalctl", "-o", "cat", $"_SYSTEMD_INVOCATION_ID={unit["InvocationID"]}");
            Assert.Contains("SiloPort", Assert.Single(said.TrimEnd().Split('\n')), StringComparison.Ordinal);
            return recovered;
        }
        finally
        {
            await machine.SetAsync(PortSetting, "11111");
        }
    }

    private static int Restarts(IReadOnlyDictionary<string, string> unit) => int.Parse(unit["NRestarts"], CultureInfo.InvariantCulture);
}

/// <summary>A test of the long fault suite that boots systemd in containers.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SystemdFactAttribute : FactAttribute
{
    public SystemdFactAttribute() => Skip = FaultSettings.SkipReason ?? SystemdMachine.SkipReason;
}
