using Pipeline.Client.Runs;
using Pipeline.Tests.AppHost;
using Pipeline.Tests.EndToEnd;

namespace Pipeline.Tests.Faults;

/// <summary>A pipeline whose services come back at once, an input, and what an undisturbed run makes of it.</summary>
internal sealed class FaultBench : IAsyncDisposable
{
    /// <summary>The longest that a disturbed run may take: it waits for leases, restarts and new attempts, on a busy machine.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>Between two looks at what is to come.</summary>
    public static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(50);

    /// <summary>Lines: some ten thousand frames a run, of which hundreds fit what a connection holds.</summary>
    private const int SmallBatch = 20;

    private const int Slices = 6;

    private const double SteadySeconds = 1.5;

    private int _runs;

    private FaultBench(PipelineUnderTest pipeline, string input)
    {
        Pipeline = pipeline;
        Input = input;
        Processes = new ServiceProcesses(pipeline.Host.Data);
    }

    public PipelineUnderTest Pipeline { get; }

    public string Input { get; }

    public ServiceProcesses Processes { get; }

    public Evidence Evidence { get; } = new();

    public Reference Reference { get; private set; } = null!;

    /// <summary>Restarts without end and without delay.</summary>
    public static IReadOnlyList<string> Configuration { get; } =
    [
        "--Pipeline:Restart:MaxRestarts=1000",
        "--Pipeline:Restart:InitialDelay=00:00:00.02",
        "--Pipeline:Restart:MaxDelay=00:00:00.1",
        "--Pipeline:Restart:HealthyAfter=00:00:00.1",
        "--Pipeline:Restart:Window=00:00:10",
    ];

    /// <summary>Starts everything, and makes the undisturbed run.</summary>
    public static Task<FaultBench> StartAsync(int lines, params string[] configuration) =>
        StartAsync(path => Write(path, lines, 0.004), configuration);

    /// <summary>The same over an input of the test's own.</summary>
    public static async Task<FaultBench> StartAsync(Action<string> writeInput, params string[] configuration)
    {
        var pipeline = await PipelineUnderTest.StartAsync([.. Configuration, .. configuration]);
        try
        {
            var input = Path.Combine(pipeline.Host.Data, "input.ndjson");
            writeInput(input);
            var bench = new FaultBench(pipeline, input);
            var run = await pipeline.RunAsync(bench.NewRun(), Patience);
            Assert.True(run.State == RunState.Completed, run.Error?.Message);
            bench.Reference = Reference.Of(run);
            bench.Reference.Check(run);
            return bench;
        }
        catch
        {
            await pipeline.DisposeAsync();
            throw;
        }
    }

    /// <returns>The path.</returns>
    public static string Write(string path, int lines, double badShare)
    {
        using var file = File.Create(path);
        MixedInput.Write(file, lines, seed: 11, badShare);
        return path;
    }

    /// <summary>Another run over the input, into a folder of its own.</summary>
    public RunSettings NewRun() => MixedInput.NewRun(Input, $"out-{++_runs}");

    /// <summary>A service's process, once it is there and well, and not the former one.</summary>
    public async Task<int> ProcessOfAsync(string service, int? former = null)
    {
        using var timeout = new CancellationTokenSource(AppHostUnderTest.Patience);
        while (true)
        {
            await Pipeline.Host.WaitForHealthyAsync(service);
            if (Processes.Find(service) is { } process && process != former)
                return process;

            // It died a moment ago, and the host has not noticed yet.
            await Task.Delay(Glance, timeout.Token);
        }
    }

    /// <summary>Follows a run to its end, and holds it against the undisturbed one.</summary>
    public async Task<Run> FinishAsync(Run run)
    {
        run = await Pipeline.RestAsync(run, Patience);
        Evidence.Add(run);
        Reference.Check(run);
        Directory.Delete(Path.GetDirectoryName(run.Output)!, recursive: true);
        return run;
    }

    /// <summary>How long an undisturbed run at this pace takes from the opening of its attempt to its end.</summary>
    public async Task<TimeSpan> MeasureAsync(Pace pace)
    {
        // The first run of new processes is slower than those that follow.
        var least = TimeSpan.MaxValue;
        for (var i = 0; i < 2; i++)
        {
            var run = await Pipeline.RunAsync(NewRun(pace), Patience);
            Reference.Check(run);
            // The attempts of a partitioned run are those of its merge.
            var took = run.Ended!.Value - (run.Slices.Count > 0 ? run.Created : run.History[0].Started);
            least = took < least ? took : least;
        }

        return least;
    }

    /// <summary>Another run over the input at a pace.</summary>
    public RunSettings NewRun(Pace pace)
    {
        var settings = NewRun();
        settings.BatchSize = pace is Pace.SmallBatches or Pace.Congested or Pace.Partitioned ? SmallBatch : 0;
        settings.Partitions = pace == Pace.Partitioned ? Slices : 1;
        settings.Rate = pace == Pace.Steady ? Reference.Counts.Lines / SteadySeconds : 0;
        return settings;
    }

    /// <summary>
    /// Waits for a random moment of a run that takes so long undisturbed, at most until that part of it: by the clock, which comes down to
    /// milliseconds, or by the lines that are done.
    /// </summary>
    public async Task MomentAsync(Run run, Pace pace, TimeSpan takes, Random random, double until = 1)
    {
        var part = random.NextDouble() * until;
        if (pace == Pace.Steady && random.Next(2) == 0)
        {
            var lines = (long)(Reference.Counts.Lines * part);
            await Pipeline.UntilAsync(run, now => now.Progress.Lines >= lines, Patience);
        }
        else
        {
            await Pipeline.UntilAsync(run, now => now.State == RunState.Running, Patience);
            await Task.Delay(takes * part);
        }
    }

    public ValueTask DisposeAsync() => Pipeline.DisposeAsync();
}

/// <summary>How a run goes while something is done to it.</summary>
internal enum Pace
{
    /// <summary>As fast as it can: whoever is slowest has others waiting.</summary>
    Full,

    /// <summary>The same in batches so small that many frames are under way at any moment.</summary>
    SmallBatches,

    /// <summary>As small batches, and a stage below the one that dies stands still for a moment: the queues to it are full.</summary>
    Congested,

    /// <summary>In slices, two or more at once, and small batches.</summary>
    Partitioned,

    /// <summary>Over a second or two, with a checkpoint each tenth of one: most of the work is durable, and the next stages are idle.</summary>
    Steady,
}
