using System.Globalization;

namespace Pipeline.Tests.Faults;

/// <summary>SIGKILL at random moments: the files are those of an undisturbed run.</summary>
[Collection(FaultCollection.Name)]
[Trait("Category", "Faults")]
[Trait("Row", "kill")]
public sealed class KillTests : IAsyncLifetime
{
    private const int Usual = 20;

    /// <summary>A kill that came after the run's end shows nothing, and is tried again.</summary>
    private const int MaxTries = 8;

    private static readonly TimeSpan LongestGap = TimeSpan.FromSeconds(1);

    private FaultBench? _bench;

    private FaultBench Bench => _bench!;

    public async Task InitializeAsync()
    {
        if (FaultSettings.SkipReason is null)
            _bench = await FaultBench.StartAsync(FaultSettings.Lines);
    }

    public async Task DisposeAsync()
    {
        if (_bench is not null)
            await _bench.DisposeAsync();
    }

    [FaultTheory]
    [InlineData("broker")]
    [InlineData("ingest")]
    [InlineData("parse")]
    [InlineData("rules")]
    [InlineData("aggregate")]
    [InlineData("sink")]
    [InlineData("orchestrator")]
    public async Task A_process_killed_at_a_random_moment_changes_nothing(string service)
    {
        var row = new FaultRow($"SIGKILL {service}");
        var epochs = new HashSet<string>();
        await row.RepeatAsync(FaultSettings.Repeat(Usual), async random =>
        {
            await DisturbAsync(random, _ => [service]);
            epochs.Add((await Bench.Pipeline.TopologyAsync(now => now.Connected && now.Instances.Count(instance => instance.State == "live") == 5)).Epoch);
        });
        Conclude(row, $", {epochs.Count} epochs of the broker");

        if (service == "broker")
        {
            // The data does not pass through it: a run goes on without it, and there is nothing to replay. Its death shows in the epoch.
            row.Require(epochs.Count > 1 || FaultSettings.Repeat(Usual) == 1, "the broker's epoch did not change");
        }
        else
        {
            row.Require(Bench.Evidence.Recovered > 0, "no run took a second attempt");
        }

        row.Finish();
    }

    [FaultFact]
    public async Task Two_processes_killed_at_random_moments_change_nothing()
    {
        var row = new FaultRow("SIGKILL pairs");
        await row.RepeatAsync(FaultSettings.Repeat(Usual), random => DisturbAsync(random, numbers =>
        {
            var pair = ServiceProcesses.Services.ToArray();
            numbers.Shuffle(pair);
            return pair[..2];
        }));
        Conclude(row, "");
        row.Require(Bench.Evidence.Recovered > 0, "no run took a second attempt");
        row.Finish();
    }

    private void Conclude(FaultRow row, string more)
    {
        var (replayedLines, discarded) = Bench.Evidence.ReadLogs();
        row.Note = string.Create(
            CultureInfo.InvariantCulture,
            $"{Bench.Evidence.Recovered} recovered, {Bench.Evidence.ReplayedBatches} batches and {replayedLines} lines replayed, {discarded} frames discarded{more}");
        if (Bench.Evidence.Recovered > 0)
            row.Require(Bench.Evidence.ReplayedBatches + replayedLines > 0, "nothing was replayed: the test is vacuous");
    }

    private async Task DisturbAsync(Random random, Func<Random, string[]> draw)
    {
        for (var tries = 0; tries < MaxTries; tries++)
        {
            var services = draw(random);
            var processes = new List<int>();
            foreach (var service in services)
                processes.Add(await Bench.ProcessOfAsync(service));
            var gap = random.Next(2) == 0 ? TimeSpan.Zero : LongestGap * random.NextDouble();

            var run = await Bench.Pipeline.Api.StartAsync(Bench.NewRun());
            await Bench.MomentAsync(run, random);
            var struck = DateTimeOffset.UtcNow;
            ServiceProcesses.Kill(processes[0]);
            foreach (var process in processes.Skip(1))
            {
                await Task.Delay(gap);
                ServiceProcesses.Kill(process);
            }

            run = await Bench.FinishAsync(run);
            if (run.Ended > struck)
                return;
        }

        throw new TimeoutException($"no kill of {MaxTries} came before the run's end");
    }
}
