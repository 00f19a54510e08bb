using System.Diagnostics;
using System.Globalization;
using Pipeline.Client.Runs;

namespace Pipeline.Tests.Faults;

/// <summary>A disk that does not answer: memory does not grow, and the metrics name the edge that waits.</summary>
[Collection(WholeMachineCollection.Name)]
[Trait("Category", "Faults")]
[Trait("Row", "stall")]
public sealed class BackPressureTests : FolderTests
{
    private const long MaxBytes = 250L * 1024 * 1024;

    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(60);

    [FaultFact]
    public async Task Stall_SinkForAMinute_StopsTheInputInBoundedMemory()
    {
        var (order, fifo) = (InFolder("order"), InFolder("fifo"));
        Fifo.Create(fifo);

        // Half of the lines are rejects, which go all the way to Sink; events end in Aggregate's groups.
        await using var bench = await FaultBench.StartAsync(
            path => FaultBench.Write(path, FaultSettings.Lines, 0.5), $"--Pipeline:Services:sink:Environment:PIPELINE_CRASH_AT={order}");
        var row = new FaultRow("stalled Sink, 60 s");
        await row.OnceAsync("", async _ =>
        {
            await File.WriteAllTextAsync(order + ".new", $"checkpoint.before_flush={fifo}");
            File.Move(order + ".new", order);
            var run = await bench.Pipeline.Api.StartAsync(bench.NewRun());
            // Opening it for writing waits until Sink has opened it for reading: from here on, Sink waits.
            await using (await Task.Run(() => new FileStream(fifo, FileMode.Open, FileAccess.Write)).WaitAsync(FaultBench.Patience))
            {
                var began = Stopwatch.GetTimestamp();
                run = await bench.Pipeline.UntilAsync(
                    run, now => Stopwatch.GetElapsedTime(began) >= Stall, Stall + TimeSpan.FromSeconds(30));
                var peaks = ServiceProcesses.Services.ToDictionary(
                    service => service, service => ServiceProcesses.PeakRss(bench.Processes.Find(service)!.Value));
                row.Note = string.Create(
                    CultureInfo.InvariantCulture,
                    $"{string.Join(", ", peaks.Select(pair => $"{pair.Key} {pair.Value >> 20} MB"))}; waiting to send, s: "
                    + $"{string.Join(", ", run.Stages.Select(stage => $"{stage.Role} {stage.WaitingToSendMicros / 1e6:0}"))}");
                Assert.Equal((RunState.Running, 1), (run.State, run.Attempts));
                Assert.All(peaks, pair => Assert.True(pair.Value < MaxBytes, $"{pair.Key} took {pair.Value >> 20} MB"));

                // The waiting edge is the last one whose sender waits: the one from Aggregate to Sink.
                var waiting = run.Stages.Last(stage => stage.WaitingToSendMicros > Stall.TotalMicroseconds * 0.8);
                Assert.Equal("aggregate", waiting.Role);
                Assert.True(run.Stages[0].WaitingToSendMicros > Stall.TotalMicroseconds * 0.8, "the input was not stopped");
            }

            await bench.FinishAsync(run);
        });
        row.Finish();
    }
}
