using System.Net;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Orleans.Configuration;
using Pipeline.Client.Runs;
using Pipeline.Contracts;
using Pipeline.Orchestrator.Attempts;
using Pipeline.Orchestrator.Cluster;

namespace Pipeline.Tests.Orchestrator.Cluster;

public sealed class ClusterTests
{
    private const string RunId = "20260101-120000-ab12";
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task AdvanceAsync_SlicesOfOneMachine_PlacedWhereFewestAreOpen()
    {
        await using var machines = await TestMachines.StartAsync();

        await AdvanceAsync(machines[0], 9);

        Assert.All(machines.All, machine => Assert.Equal(3, machine.Slices.Count));
        Assert.All(machines.All, machine => Assert.Equal(3, machine.Get<LocalMachine>().Report().OpenSlices));
    }

    [Fact]
    public async Task AdvanceAsync_MachinesWithDifferentCores_PlacedInProportion()
    {
        await using var machines = await TestMachines.StartAsync(2, (number, machine) => machine.Cores = number == 0 ? 2 : 6);

        await AdvanceAsync(machines[0], 8);

        Assert.Equal([2, 6], machines.All.OrderBy(machine => machine.Cores).Select(machine => machine.Slices.Count));
    }

    [Fact]
    public async Task AdvanceAsync_MachineWithoutWholePipeline_GetsNoSlice()
    {
        await using var machines = await TestMachines.StartAsync(configure: (number, machine) => machine.IsWhole = number != 0);

        await AdvanceAsync(machines.All.Single(machine => !machine.IsWhole), 4);

        Assert.All(machines.All, machine => Assert.Equal(machine.IsWhole ? 2 : 0, machine.Slices.Count));
    }

    [Fact]
    public async Task AdvanceAsync_NoPipelineWhole_WaitsOnAnyMachine()
    {
        await using var machines = await TestMachines.StartAsync(2, (_, machine) => machine.IsWhole = false);

        await AdvanceAsync(machines[0], 2);

        Assert.All(machines.All, machine => Assert.Single(machine.Slices));
    }

    [Fact]
    public async Task AdvanceAsync_FromAnotherMachine_TellsWhatTheWorkerReported()
    {
        await using var machines = await TestMachines.StartAsync(2, (number, machine) => machine.IsWhole = number == 0);

        var report = await machines.All.Single(machine => !machine.IsWhole).Cluster.AdvanceAsync(RunId, 7, seen: 4, CancellationToken.None);

        Assert.Equal((5, machines.All.Single(machine => machine.IsWhole).Name), (report.Version, report.Machine));
        Assert.Equal((RunId, RunState.Running, 7), (report.Run.Id, report.Run.State, report.Run.Counts.Lines));
    }

    [Fact]
    public async Task AdvanceAsync_MachineKilled_GoesOnElsewhere()
    {
        await using var machines = await TestMachines.StartAsync();
        var survivor = machines[0];
        await AdvanceAsync(survivor, 3);
        var lost = machines.All.First(machine => machine != survivor);
        var slice = Assert.Single(lost.Slices.Keys);

        await machines.KillAsync(lost);
        var report = await survivor.Cluster.AdvanceAsync(RunId, slice, seen: 1, CancellationToken.None).WaitAsync(Timeout);

        Assert.NotEqual(lost.Name, report.Machine);
        // The slices of the others stay where they are.
        Assert.Equal(3, machines.All.Except([lost]).Sum(machine => machine.Slices.Count));
    }

    [Fact]
    public async Task AdvanceAsync_SliceRests_IsNoLongerCounted()
    {
        await using var machines = await TestMachines.StartAsync(1, (_, machine) => machine.State = RunState.Completed);

        await machines[0].Cluster.AdvanceAsync(RunId, 0, seen: 0, CancellationToken.None);
        await machines.DeactivatedAsync(RunId, 0).WaitAsync(Timeout);

        Assert.Equal(0, machines[0].Get<LocalMachine>().Report().OpenSlices);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task AdvanceAsync_NoRouteOnTwoOfThreeMachines_MovesToTheThird(int caller)
    {
        await using var machines = await TestMachines.StartAsync(configure: (number, machine) =>
        {
            if (number < 2)
                (machine.State, machine.Error) = (RunState.Failed, new RunError(FailureReasons.NoRoute, "no usable instance"));
        });
        var able = machines.All.Single(machine => machine.Number == 2);
        var from = machines.All.Single(machine => machine.Number == caller).Cluster;

        await Task.WhenAll(Enumerable.Range(0, 3).Select(UntilItRunsAsync)).WaitAsync(Timeout);

        Assert.Equal(3, able.Slices.Count);
        Assert.Equal([0, 0, 3], machines.All.OrderBy(machine => machine.Number).Select(machine => machine.Get<LocalMachine>().Report().OpenSlices));

        async Task UntilItRunsAsync(int slice)
        {
            var (calls, seen) = (0, 0L);
            while (await from.AdvanceAsync(RunId, slice, seen, CancellationToken.None) is { Run.State: RunState.Failed } report)
            {
                seen = report.Version;
                // Once on each machine that cannot.
                Assert.InRange(++calls, 1, 2);
            }
        }
    }

    [Fact]
    public async Task StopAsync_SliceOnAnotherMachine_ReachesIt()
    {
        await using var machines = await TestMachines.StartAsync(2);
        await AdvanceAsync(machines[0], 2);

        await Task.WhenAll(Enumerable.Range(0, 2).Select(slice => machines[1].Cluster.StopAsync(RunId, slice, StopReason.Pause)));

        Assert.All(machines.All, machine => Assert.Equal(StopReason.Pause, Assert.Single(machine.Slices).Value));
    }

    [Fact]
    public async Task EnsureAsync_ByAllMachines_CarriedOutByOne()
    {
        await using var machines = await TestMachines.StartAsync();

        await Task.WhenAll(machines.All.Select(machine => machine.Cluster.EnsureAsync(RunId)));
        await machines[2].Cluster.StopAsync(RunId, StopReason.Cancel);

        Assert.Equal(StopReason.Cancel, Assert.Single(machines.All, machine => !machine.Runs.IsEmpty).Runs[RunId]);
    }

    [Fact]
    public async Task BeginAsync_RestedOnAnotherMachine_CarriedOutHere()
    {
        await using var machines = await TestMachines.StartAsync();
        await machines[0].Cluster.BeginAsync(RunId);
        await Task.WhenAll(machines.All.Select(machine => machine.Cluster.EnsureAsync(RunId)));
        Assert.Equal([machines[0]], machines.All.Where(machine => !machine.Runs.IsEmpty));

        await machines[1].Cluster.BeginAsync(RunId).WaitAsync(Timeout);
        Assert.Equal([true, true, false], machines.All.Select(machine => !machine.Runs.IsEmpty));
        await machines[2].Cluster.StopAsync(RunId, StopReason.Pause);

        Assert.Equal((null, StopReason.Pause), (machines[0].Runs[RunId], machines[1].Runs[RunId]));
    }

    [Fact]
    public async Task HandOverAsync_NoRouteOnOneMachineAfterAnother_MovesToEachWholeOneOnce()
    {
        await using var machines = await TestMachines.StartAsync(configure: (number, machine) => machine.IsWhole = number != 1);
        var able = machines.All.Where(machine => machine.IsWhole).ToList();
        await able[0].Cluster.BeginAsync(RunId);

        await able[0].Cluster.HandOverAsync(RunId, [Environment.MachineName]).WaitAsync(Timeout);
        Assert.Empty(able[1].Runs);
        await able[0].Cluster.HandOverAsync(RunId, []).WaitAsync(Timeout);
        Assert.All(machines.All, machine => Assert.Equal(machine.IsWhole, machine.Runs.ContainsKey(RunId)));
        await able[1].Cluster.HandOverAsync(RunId, []).WaitAsync(Timeout);
        await able[0].Cluster.StopAsync(RunId, StopReason.Pause);

        Assert.Equal([null, StopReason.Pause], able.Select(machine => machine.Runs[RunId]));
        Assert.DoesNotContain(machines.All, machine => !machine.IsWhole && !machine.Runs.IsEmpty);
    }

    [Fact]
    public async Task EnsureAsync_MachineOfRunKilled_CarriedOutElsewhere()
    {
        await using var machines = await TestMachines.StartAsync();
        var (lost, survivor) = (machines[0], machines[1]);
        await lost.Cluster.EnsureAsync(RunId);
        await survivor.Cluster.EnsureAsync(RunId);
        Assert.Equal([true, false], [.. new[] { lost, survivor }.Select(machine => machine.Runs.ContainsKey(RunId))]);

        await machines.KillAsync(lost);
        await survivor.Cluster.EnsureAsync(RunId).WaitAsync(Timeout);

        Assert.Contains(RunId, survivor.Runs.Keys);
    }

    [Fact]
    public async Task CapacityAsync_OneMachineNotWhole_SumsCoresOfTheOthers()
    {
        await using var machines = await TestMachines.StartAsync(configure: (number, machine) => machine.IsWhole = number != 1);

        Assert.Equal(4, await machines[0].Cluster.CapacityAsync(CancellationToken.None));
    }

    [Fact]
    public async Task CapacityAsync_NoMachineWhole_IsOneAndAPlanCountsAllCores()
    {
        await using var machines = await TestMachines.StartAsync(2, (_, machine) => machine.IsWhole = false);

        Assert.Equal(1, await machines[0].Cluster.CapacityAsync(CancellationToken.None));
        Assert.Equal(4, await machines[0].Cluster.LanesAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Start_AnotherStorage_Refused()
    {
        using var storage = new TestFolder();
        await using var machines = await TestMachines.StartAsync(1, (number, machine) =>
            machine.Settings.Storage = Directory.CreateDirectory(Path.Combine(storage.Path, $"{number}")).FullName);

        var error = await Assert.ThrowsAsync<InvalidOperationException>(machines.StartAnotherAsync);

        Assert.Contains("has another folder as Cluster:Storage", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_ClockTenMinutesOff_Refused()
    {
        await using var machines = await TestMachines.StartAsync(1, (number, machine) =>
            machine.Time = number == 0 ? TimeProvider.System : new FakeTimeProvider(DateTimeOffset.UtcNow.AddMinutes(10)));

        var error = await Assert.ThrowsAsync<InvalidOperationException>(machines.StartAnotherAsync);

        Assert.Contains("the clocks of", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SiloStatus.Dead)]
    [InlineData(SiloStatus.Joining)]
    [InlineData(SiloStatus.Active)]
    public async Task ForgetLaterStarts_ClockWasAhead_DeletesThatStartAndNoOtherMachine(SiloStatus status)
    {
        await using var machines = await TestMachines.StartAsync(1);
        var table = machines[0].Get<IMembershipTable>();
        var endpoint = new IPEndPoint(IPAddress.Loopback, 11111);
        var future = DateTime.UtcNow.AddMinutes(10);
        var ahead = new MembershipEntry
        {
            SiloAddress = SiloAddress.New(endpoint, 700), Status = status, StartTime = future, IAmAliveTime = future, HostName = "m", SiloName = "m",
        };
        var members = await table.ReadAllAsync(CancellationToken.None);
        Assert.True(await table.InsertRowAsync(ahead, members.Version.Next(), CancellationToken.None));

        await ClusterEntry.ForgetLaterStartsAsync(table, SiloAddress.New(endpoint, 100), DateTime.UtcNow, CancellationToken.None);

        members = await table.ReadAllAsync(CancellationToken.None);
        Assert.Equal(machines[0].Get<ILocalSiloDetails>().SiloAddress, Assert.Single(members.Members).Item1.SiloAddress);
    }

    [Fact]
    public async Task Watch_MembershipTableLost_EndsSoThatItJoinsAnew()
    {
        await using var machines = await TestMachines.StartAsync(1);
        var machine = machines[0];
        var time = new FakeTimeProvider();
        var ended = new TaskCompletionSource();
        using var watch = new MembershipWatch(
            machine.Get<IClusterMembershipService>(), machine.Get<IMembershipTable>(), machine.Get<ILocalSiloDetails>(),
            new LostMembership(ended.SetResult), time, new FakeLogger<MembershipWatch>());
        await machine.Get<IMembershipTable>().DeleteMembershipTableEntriesAsync(
            machine.Get<IOptions<ClusterOptions>>().Value.ClusterId, CancellationToken.None);

        await watch.StartAsync(CancellationToken.None);
        while (!ended.Task.IsCompleted)
        {
            time.Advance(ClusterSetup.AliveInterval);
            await Task.Yield();
        }

        await watch.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Start_SameStorage_Joins()
    {
        using var storage = new TestFolder();
        await using var machines = await TestMachines.StartAsync(1, (_, machine) => machine.Settings.Storage = storage.Path);

        await machines.StartAnotherAsync();

        Assert.Equal(2, machines.All.Count);
        Assert.Equal([StorageIdentity.FileName], Directory.GetFiles(storage.Path).Select(Path.GetFileName));
    }

    private static Task AdvanceAsync(TestMachine from, int slices) => Task
        .WhenAll(Enumerable.Range(0, slices).Select(slice => from.Cluster.AdvanceAsync(RunId, slice, seen: 0, CancellationToken.None)))
        .WaitAsync(Timeout);
}
