using System.Diagnostics;
using System.Text.Json;
using Pipeline.Client.Runs;
using Pipeline.Orchestrator.Runs;
using Pipeline.Tests.AppHost;
using Pipeline.Tests.EndToEnd;
using Pipeline.Tests.Orchestrator.Cluster;

namespace Pipeline.Tests.Faults.Cluster;

/// <summary>Three machines with a pipeline each, Redis on a fourth, one folder that all share, and what the monolith makes of an input.</summary>
internal sealed class ClusterBench : IAsyncDisposable
{
    /// <summary>The longest that a disturbed run may take on a busy machine.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    private const string HubAddress = "10.77.0.1";
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(50);
    private readonly string _folder;
    private readonly string _storage;
    private readonly int _slices;
    private readonly NetworkHost _hub;
    private int _runs;

    private ClusterBench(string folder, int slices, NetworkHost hub, RedisServer redis, IReadOnlyList<ClusterMachine> machines)
    {
        (_folder, _slices, _hub, Redis, Machines) = (folder, slices, hub, redis, machines);
        _storage = Path.Join(folder, "storage");
    }

    public RedisServer Redis { get; }

    public IReadOnlyList<ClusterMachine> Machines { get; }

    public Reference Reference { get; private set; } = null!;

    private string Input => Path.Join(_storage, "input.ndjson");

    /// <summary>Makes the hosts, writes the input, has the monolith run over it, and starts all machines.</summary>
    /// <param name="lines">Of the input.</param>
    /// <param name="slices">Of each run.</param>
    /// <param name="routeTimeout">How long a run waits for a role on a machine.</param>
    public static async Task<ClusterBench> StartAsync(int lines, int slices, string routeTimeout = "00:02:00")
    {
        var folder = Directory.CreateTempSubdirectory("cluster-").FullName;
        var hub = await NetworkHost.CreateHubAsync(HubAddress);
        string[] addresses = ["10.77.0.11", "10.77.0.12", "10.77.0.13"];
        using var authority = new TestAuthority(Directory.CreateDirectory(Path.Join(folder, "certificates")).FullName, "authority");
        var own = authority.Sign("machine", DateTimeOffset.UtcNow.AddDays(1), [HubAddress, .. addresses]);
        var redis = new RedisServer(hub, Path.Join(folder, "redis"), authority.Path, own);
        var machines = new List<ClusterMachine>();
        foreach (var (index, address) in addresses.Index())
        {
            var host = await NetworkHost.JoinAsync(hub, $"host{index + 1}", address);
            machines.Add(new ClusterMachine(host, Path.Join(folder, host.Name), new Dictionary<string, string>
            {
                ["PIPELINE_KEY"] = AppHostUnderTest.Key,
                ["PIPELINE_ROOTS"] = Path.Join(folder, "storage"),
                ["PIPELINE_ENDPOINT_FILE"] = Path.Join(folder, host.Name, "endpoint.json"),
                ["Orchestrator__RouteTimeout"] = routeTimeout,
                ["Cluster__Provider"] = "Redis",
                ["Cluster__ConnectionString"] = redis.ConnectionString,
                ["Cluster__Storage"] = Path.Join(folder, "storage"),
                ["Cluster__Address"] = address,
                ["Cluster__Certificate"] = own.Certificate,
                ["Cluster__CertificateKey"] = own.Key,
                ["Cluster__CertificateAuthority"] = authority.Path,
            }));
        }

        var bench = new ClusterBench(folder, slices, hub, redis, machines);
        try
        {
            Directory.CreateDirectory(bench._storage);
            FaultBench.Write(bench.Input, lines, 0.004);
            await redis.StartAsync();
            foreach (var machine in machines)
                machine.Start();
            await bench.ReferAsync();
            return bench;
        }
        catch
        {
            await bench.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a partitioned run on a machine.</summary>
    /// <returns>Its id.</returns>
    public async Task<string> RunAsync(ClusterMachine machine)
    {
        var output = Path.Join(_storage, $"out-{++_runs}", "results.ndjson");
        Directory.CreateDirectory(Path.GetDirectoryName(output)!);
        var answer = await machine.CommandAsync([
            "run", "--detach", "--json", "--input", Input, "--output", output, "--partitions", $"{_slices}", "--checkpoint-interval", "100",
            "--max-line-bytes", $"{MixedInput.MaxLineBytes}"]);
        return JsonSerializer.Deserialize(answer, RunJson.Default.Run)!.Id;
    }

    /// <summary>The run as it is stored.</summary>
    public Run Find(string id) => RunStore.Load(Path.Join(_storage, "runs", id)) ?? throw new InvalidOperationException($"there is no run {id}");

    /// <summary>Waits until the run, as it is stored, is as described.</summary>
    public async Task<Run> UntilAsync(string id, Func<Run, bool> condition, string what)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            var run = Find(id);
            if (condition(run))
                return run;
            if (!run.State.IsActive() || Stopwatch.GetElapsedTime(began) > Patience)
                Assert.Fail($"waiting for {what}, run {id} is {run.State}: {run.Error?.Reason} {run.Error?.Message} {Describe(run)}\n{Logs()}");
            await Task.Delay(Glance);
        }
    }

    /// <summary>Waits for the run's end, and holds it against the monolith's.</summary>
    public async Task<Run> FinishAsync(string id)
    {
        var run = await UntilAsync(id, now => now.State == RunState.Completed, "its end");
        Reference.Check(run);
        Directory.Delete(Path.GetDirectoryName(run.Output)!, recursive: true);
        return run;
    }

    /// <summary>Starts a run, and waits until some slices have completed and others are open on a machine.</summary>
    /// <returns>The run's id.</returns>
    public async Task<string> UnderWayAsync(ClusterMachine from, ClusterMachine machine, int completed)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            Assert.True(Stopwatch.GetElapsedTime(began) < Patience, $"no run had a slice on {machine.Host.Name}\n{Logs()}");
            var id = await RunAsync(from);
            var run = await UntilAsync(
                id,
                run => run.State == RunState.Completed
                    || (run.Slices.Count(slice => slice.State == RunState.Completed) >= completed
                        && run.Slices.Any(slice => slice.State == RunState.Running && slice.Machine == machine.Host.Name)),
                $"{completed} slices to complete and one to run on {machine.Host.Name}");
            if (run.State.IsActive())
                return id;
            // On an overloaded machine a member may be declared dead that is not: it has joined anew by the next run.
            await FinishAsync(id);
        }
    }

    /// <summary>Waits for something that the stored runs do not tell.</summary>
    public static Task UntilAsync(Func<bool> condition, string what) => Waiting.UntilAsync(condition, what, Patience);

    /// <summary>Slices that have completed, as it is stored.</summary>
    public int Completed(string id) => Find(id).Slices.Count(slice => slice.State == RunState.Completed);

    /// <summary>Waits until so many slices have completed.</summary>
    public Task CompletedAsync(string id, int count) => UntilAsync(
        id, run => run.State == RunState.Completed || run.Slices.Count(slice => slice.State == RunState.Completed) >= count, $"{count} slices to complete");

    /// <summary>How long it takes until no slice is open any more that was open on a machine at the moment.</summary>
    public async Task<TimeSpan> RecoveryAsync(string id, ClusterMachine lost)
    {
        var began = Stopwatch.GetTimestamp();
        var open = Find(id).Slices.Index().Where(slice => slice.Item.State.IsActive() && slice.Item.Machine == lost.Host.Name)
            .Select(slice => slice.Index).ToList();
        await UntilAsync(
            id,
            run => run.State == RunState.Completed
                || open.TrueForAll(slice => run.Slices[slice].State == RunState.Completed
                    || (run.Slices[slice].State == RunState.Running && run.Slices[slice].Machine != lost.Host.Name)),
            $"the slices of {lost.Host.Name} to be worked on elsewhere");
        return Stopwatch.GetElapsedTime(began);
    }

    /// <summary>Cuts a machine off from all others and from Redis, or joins it again.</summary>
    public Task ConnectAsync(ClusterMachine machine, bool connected) => _hub.ConnectAsync(machine.Host, connected);

    /// <summary>Waits until all machines are members: each of them has a slice of a run.</summary>
    public async Task WaitForAllAsync()
    {
        while (true)
        {
            var run = await FinishAsync(await RunAsync(Machines[0]));
            if (run.Slices.Select(slice => slice.Machine).Distinct().Count() == Machines.Count)
                return;
        }
    }

    public string Logs() => string.Join('\n', Machines.Select(machine => machine.Logs()));

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(Machines.Select(machine => machine.KillAsync()));
        await Redis.KillAsync();
        foreach (var machine in Machines)
            machine.Host.Dispose();
        _hub.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static string Describe(Run run) =>
        string.Join(", ", run.Slices.Select(slice => $"{slice.State.ToText()}@{slice.Machine}{(slice.Trouble is null ? "" : $" ({slice.Trouble})")}"));

    private async Task ReferAsync()
    {
        var output = Path.Join(_folder, "monolith", "results.ndjson");
        Directory.CreateDirectory(Path.GetDirectoryName(output)!);
        var answer = await Machines[0].CommandAsync([
            "run", "--monolith", "--json", "--input", Input, "--output", output, "--max-line-bytes", $"{MixedInput.MaxLineBytes}"]);
        var run = JsonSerializer.Deserialize(answer, RunJson.Default.Run)!;
        Reference = Reference.Of(run with { Ended = run.Ended ?? run.Updated });
    }
}
