using System.Diagnostics;
using System.Text.Json;
using Pipeline.Client.Runs;
using Pipeline.Orchestrator.Runs;
using Pipeline.Tests.AppHost;
using Pipeline.Tests.EndToEnd;
using Pipeline.Tests.Orchestrator.Cluster;

namespace Pipeline.Tests.Faults.Cluster;

/// <summary>Machines with a pipeline each, Redis on one more, one folder that all share, and what the monolith makes of an input.</summary>
internal sealed class ClusterBench<TMachine> : IAsyncDisposable
    where TMachine : IClusterMachine
{
    /// <summary>The longest that a disturbed run may take on a busy machine.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    private const string HubAddress = "10.77.0.1";
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(50);
    private readonly List<NetworkHost> _hosts = [];
    private readonly List<TMachine> _machines = [];
    private readonly string _folder;
    private readonly string _storage;
    private readonly int _slices;
    private readonly int _batchSize;
    private RedisServer? _redis;
    private int _runs;

    private ClusterBench(string folder, int slices, int batchSize) =>
        (_folder, _storage, _slices, _batchSize) = (folder, StorageOf(folder), slices, batchSize);

    public RedisServer Redis => _redis!;

    public IReadOnlyList<TMachine> Machines => _machines;

    public Reference Reference { get; private set; } = null!;

    private string Input => Path.Join(_storage, "input.ndjson");

    /// <summary>The folder that all machines share.</summary>
    /// <param name="folder">The bench's.</param>
    public static string StorageOf(string folder) => Path.Join(folder, "storage");

    /// <summary>Makes the hosts, writes the input, starts all machines, and has the monolith run over it.</summary>
    /// <param name="folder">For all files.</param>
    /// <param name="machines">How many.</param>
    /// <param name="lines">Of the input.</param>
    /// <param name="slices">Of each run.</param>
    /// <param name="batchSize">Of each run, lines; 0 = its own choice.</param>
    /// <param name="machine">Makes one, of a host, a folder for it and the settings of its services.</param>
    /// <param name="routeTimeout">How long a run waits for a role on a machine.</param>
    public static async Task<ClusterBench<TMachine>> StartAsync(
        string folder,
        int machines,
        int lines,
        int slices,
        int batchSize,
        Func<NetworkHost, string, IReadOnlyDictionary<string, string>, TMachine> machine,
        string routeTimeout = "00:02:00")
    {
        var bench = new ClusterBench<TMachine>(folder, slices, batchSize);
        try
        {
            await bench.MakeAsync(machines, machine, routeTimeout);
            FaultBench.Write(bench.Input, lines, 0.004);
            await bench.Redis.StartAsync();
            await Task.WhenAll(bench.Machines.Select(made => made.StartAsync()));
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
    public async Task<string> RunAsync(TMachine machine)
    {
        var output = NewOutput($"out-{++_runs}");
        var answer = await machine.CommandAsync([
            "run", "--detach", "--json", "--input", Input, "--output", output, "--partitions", $"{_slices}", "--checkpoint-interval", "100",
            "--batch-size", $"{_batchSize}", "--max-line-bytes", $"{MixedInput.MaxLineBytes}"]);
        return JsonSerializer.Deserialize(answer, RunJson.Default.Run)!.Id;
    }

    /// <summary>The run as it is stored.</summary>
    public Run Find(string id) => RunStore.Load(Path.Join(_storage, "runs", id)) ?? throw new InvalidOperationException($"there is no run {id}");

    /// <summary>How many machines have carried it out, one after another.</summary>
    public int Owners(string id) => Directory.GetFiles(Path.Join(_storage, "runs", id), "owner.*").Length;

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
                Assert.Fail($"waiting for {what}, run {id} is {run.State}: {run.Error?.Reason} {run.Error?.Message} {Describe(run)}\n{await LogsAsync()}");
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
    /// <returns>The run as it was then.</returns>
    public async Task<Run> UnderWayAsync(TMachine from, TMachine machine, int completed)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            Assert.True(Stopwatch.GetElapsedTime(began) < Patience, $"no run had a slice on {machine.Host.Name}\n{await LogsAsync()}");
            var id = await RunAsync(from);
            var run = await UntilAsync(
                id,
                run => run.State == RunState.Completed
                    || (run.Slices.Count(slice => slice.State == RunState.Completed) >= completed
                        && run.Slices.Any(slice => slice.State == RunState.Running && slice.Machine == machine.Host.Name)),
                $"{completed} slices to complete and one to run on {machine.Host.Name}");
            if (run.State.IsActive())
                return run;
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

    /// <summary>Loses a machine in the middle of a run from the first one, and waits until the others have its slices.</summary>
    /// <returns>The run's id, and how long it took until no slice was open any more that was open on the machine.</returns>
    public async Task<(string Run, TimeSpan Recovered)> LoseAsync(TMachine lost, Func<Task> lose)
    {
        var before = await UnderWayAsync(Machines[0], lost, completed: 1);
        var began = Stopwatch.GetTimestamp();
        var losing = lose();
        var open = before.Slices.Index().Where(slice => slice.Item.State.IsActive() && slice.Item.Machine == lost.Host.Name)
            .Select(slice => slice.Index).ToList();
        await UntilAsync(
            before.Id,
            run => run.State == RunState.Completed
                || open.TrueForAll(slice => run.Slices[slice].State == RunState.Completed
                    || (run.Slices[slice].State == RunState.Running && run.Slices[slice].Machine != lost.Host.Name)),
            $"the slices of {lost.Host.Name} to be worked on elsewhere");
        var recovered = Stopwatch.GetElapsedTime(began);
        await losing;
        return (before.Id, recovered);
    }

    /// <summary>Cuts a machine off from all others and from Redis, or joins it again.</summary>
    public Task ConnectAsync(TMachine machine, bool connected) => _hosts[0].ConnectAsync(machine.Host, connected);

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

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_machines.Select(machine => machine.KillAsync()));
        await (_redis?.KillAsync() ?? Task.CompletedTask);
        foreach (var host in _hosts)
            host.Dispose();
    }

    private static string Describe(Run run) =>
        string.Join(", ", run.Slices.Select(slice => $"{slice.State.ToText()}@{slice.Machine}{(slice.Trouble is null ? "" : $" ({slice.Trouble})")}"));

    private async Task<string> LogsAsync() => string.Join('\n', await Task.WhenAll(Machines.Select(machine => machine.LogsAsync())));

    private async Task MakeAsync(
        int machines, Func<NetworkHost, string, IReadOnlyDictionary<string, string>, TMachine> machine, string routeTimeout)
    {
        Directory.CreateDirectory(_storage);
        var hub = await NetworkHost.CreateHubAsync(HubAddress);
        _hosts.Add(hub);
        List<string> addresses = [.. Enumerable.Range(11, machines).Select(number => $"10.77.0.{number}")];
        using var authority = new TestAuthority(Directory.CreateDirectory(Path.Join(_folder, "certificates")).FullName, "authority");
        var own = authority.Sign("machine", DateTimeOffset.UtcNow.AddDays(1), [HubAddress, .. addresses]);
        _redis = new RedisServer(hub, Path.Join(_folder, "redis"), authority.Path, own);
        foreach (var address in addresses)
        {
            var host = await NetworkHost.JoinAsync(hub, $"host{_hosts.Count}", address);
            _hosts.Add(host);
            _machines.Add(machine(host, Path.Join(_folder, host.Name), new Dictionary<string, string>
            {
                ["PIPELINE_KEY"] = AppHostUnderTest.Key,
                ["PIPELINE_ROOTS"] = _storage,
                ["PIPELINE_ENDPOINT_FILE"] = Path.Join(_folder, host.Name, "endpoint.json"),
                ["Orchestrator__RouteTimeout"] = routeTimeout,
                ["Cluster__Provider"] = "Redis",
                ["Cluster__ConnectionString"] = _redis.ConnectionString,
                ["Cluster__Storage"] = _storage,
                ["Cluster__Address"] = address,
                ["Cluster__Certificate"] = own.Certificate,
                ["Cluster__CertificateKey"] = own.Key,
                ["Cluster__CertificateAuthority"] = authority.Path,
            }));
        }
    }

    private async Task ReferAsync()
    {
        var output = NewOutput("monolith");
        var answer = await Machines[0].CommandAsync([
            "run", "--monolith", "--json", "--input", Input, "--output", output, "--max-line-bytes", $"{MixedInput.MaxLineBytes}"]);
        var run = JsonSerializer.Deserialize(answer, RunJson.Default.Run)!;
        Reference = Reference.Of(run with { Ended = run.Ended ?? run.Updated });
    }

    // In a folder that the account of units may write, too.
    private string NewOutput(string name)
    {
        var folder = Directory.CreateDirectory(Path.Join(_storage, name));
        if (!OperatingSystem.IsWindows())
            folder.UnixFileMode |= UnixFileMode.OtherWrite;
        return Path.Join(folder.FullName, "results.ndjson");
    }
}
