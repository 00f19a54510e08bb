using System.Globalization;
using Pipeline.Tests.EndToEnd;

namespace Pipeline.Tests.Faults;

/// <summary>SIGKILL at random moments: the files are those of an undisturbed run.</summary>
[Collection(WholeMachineCollection.Name)]
[Trait("Category", "Faults")]
[Trait("Row", "kill")]
public sealed class KillTests : IAsyncLifetime
{
    private const int Usual = 20;

    /// <summary>A kill that came after the run's end tests nothing, and is tried again.</summary>
    private const int MaxTries = 12;

    private static readonly TimeSpan LongestGap = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestHold = TimeSpan.FromSeconds(0.5);

    /// <summary>Route index of the first stage that may be suspended; the surviving one above it then holds an unsent frame.</summary>
    private const int FirstHeld = 2;

    /// <summary>Repetitions beyond the usual ones, for a row in which no batch was replayed or no frame was discarded yet.</summary>
    private const int MaxMore = 40;

    private static readonly Pace[] Paces = Enum.GetValues<Pace>();
    private readonly Dictionary<Pace, TimeSpan> _takes = [];
    private FaultBench? _bench;
    private int _repetition;

    private FaultBench Bench => _bench!;

    public async Task InitializeAsync()
    {
        if (FaultSettings.SkipReason is not null)
            return;
        _bench = await FaultBench.StartAsync(FaultSettings.Lines);
        foreach (var pace in Paces)
            _takes[pace] = await _bench.MeasureAsync(pace);
    }

    public async Task DisposeAsync()
    {
        if (_bench is not null)
            await _bench.DisposeAsync();
    }

    [FaultTheory]
    [InlineData("ingest")]
    [InlineData("parse")]
    [InlineData("rules")]
    [InlineData("aggregate")]
    [InlineData("sink")]
    [InlineData("orchestrator")]
    public async Task Kill_AnyProcessAtARandomMoment_SameBytes(string service)
    {
        var row = new FaultRow($"SIGKILL {service}");
        await RepeatAsync(row, _ => [service]);
        row.Finish();
    }

    [FaultFact]
    public async Task Kill_TwoProcessesAtRandomMoments_SameBytes()
    {
        var row = new FaultRow("SIGKILL pairs");
        await RepeatAsync(row, numbers =>
        {
            var pair = ServiceProcesses.Services.ToArray();
            numbers.Shuffle(pair);
            return pair[..2];
        });
        row.Finish();
    }

    [FaultFact]
    public async Task Kill_BrokerAtARandomMoment_SameBytesInOneAttempt()
    {
        // The data does not pass through the broker: nothing is replayed or discarded. Its restart shows in the new epoch.
        var row = new FaultRow("SIGKILL broker");
        var epochs = new HashSet<string> { await EpochAsync() };
        var repeat = FaultSettings.Repeat(Usual);
        await row.RepeatAsync(repeat, async random =>
        {
            await DisturbAsync(random, _ => ["broker"]);
            epochs.Add(await EpochAsync());
        });
        row.Note = string.Create(CultureInfo.InvariantCulture, $"{Bench.Evidence}, {epochs.Count} epochs");
        row.Require(epochs.Count > repeat, "a broker that was killed came back with the epoch of the one before");
        row.Require(Bench.Evidence.Recovered == 0, "a run took a second attempt");
        row.Finish();
    }

    private async Task<string> EpochAsync() =>
        (await Bench.Pipeline.TopologyAsync(now => now.Connected && now.Instances.Count(instance => instance.State == "live") == 5)).Epoch;

    private async Task RepeatAsync(FaultRow row, Func<Random, string[]> draw)
    {
        await row.RepeatAsync(FaultSettings.Repeat(Usual), random => DisturbAsync(random, draw));
        for (var more = 0; more < MaxMore && !row.HasFailed && !Bench.Evidence.IsThere; more++)
            await row.OnceAsync($"more/{more}", random => DisturbAsync(random, draw));

        row.Note = string.Create(
            CultureInfo.InvariantCulture,
            $"{Bench.Evidence}; undisturbed: {string.Join(", ", _takes.Select(pair => $"{pair.Key} {pair.Value.TotalSeconds:0.00} s"))}");
        row.Require(Bench.Evidence.Recovered > 0, "no run took a second attempt: the test is vacuous");
        row.Require(Bench.Evidence.ReplayedBatches > 0, "no batch was replayed: the test is vacuous");
        row.Require(Bench.Evidence.DiscardedFrames > 0, "no frame was discarded: the test is vacuous");
    }

    // Suspends the stage below the dying one, for less time than its lease and the hang detection allow.
    private int? Hold(string[] dying)
    {
        var route = PipelineUnderTest.Stages.ToList();
        var below = route.IndexOf(dying[0]) + 1;
        var stage = route[Math.Clamp(below, FirstHeld, route.Count - 1)];
        var process = dying.Contains(stage) ? null : Bench.Processes.Find(stage);
        if (process is { } held)
            Signals.Stop(held);
        return process;
    }

    private async Task DisturbAsync(Random random, Func<Random, string[]> draw)
    {
        var pace = Paces[_repetition++ % Paces.Length];
        for (var tries = 0; tries < MaxTries; tries++)
        {
            var services = draw(random);
            var processes = new List<int>();
            foreach (var service in services)
                processes.Add(await Bench.ProcessOfAsync(service));
            var gap = random.Next(2) == 0 ? TimeSpan.Zero : LongestGap * random.NextDouble();

            var run = await Bench.Pipeline.Api.StartAsync(Bench.NewRun(pace));
            await Bench.MomentAsync(run, pace, _takes[pace], random);
            var held = pace == Pace.Congested ? Hold(services) : null;
            if (held is not null)
                await Task.Delay(LongestHold * (1 + random.NextDouble()) / 2);
            var struck = DateTimeOffset.UtcNow;
            ServiceProcesses.Kill(processes[0]);
            foreach (var process in processes.Skip(1))
            {
                await Task.Delay(gap);
                ServiceProcesses.Kill(process);
            }

            if (held is { } stopped)
                Signals.Continue(stopped);
            run = await Bench.FinishAsync(run);
            if (run.Ended > struck)
                return;

            // The kill came too late: this undisturbed run's duration is the new estimate. The machine may have been busier before.
            if (pace != Pace.Congested)
                _takes[pace] = run.Ended!.Value - run.History[0].Started;
        }

        throw new TimeoutException($"no kill of {MaxTries} came before the run's end");
    }
}
