using Pipeline.Bench.Cli;
using Pipeline.Bench.Figures;
using Pipeline.Bench.Services;
using Pipeline.Client.Runs;

namespace Pipeline.Bench.Rows;

/// <summary>The split pipeline, as its users run it: through the orchestrator's API, with all its guarantees on.</summary>
/// <param name="name">Name in the report.</param>
/// <param name="services">Carry the runs out.</param>
/// <param name="workload">The input.</param>
/// <param name="settings">What is varied.</param>
internal sealed class SplitRow(string name, PipelineServices services, Workload workload, RunSettings settings) : IRow
{
    public string Name => name;

    /// <summary>A row's name.</summary>
    /// <param name="batchSize">0 = auto.</param>
    public static string NameOf(int batchSize) => FormattableString.Invariant($"split, batch {(batchSize == 0 ? "auto" : batchSize)}");

    /// <summary>A row as all users have it, but for batch size and pace.</summary>
    public static SplitRow OfBatchSize(int batchSize, PipelineServices services, Workload workload, double rate = 0) =>
        new(NameOf(batchSize), services, workload, new RunSettings { BatchSize = batchSize, Rate = rate });

    /// <summary>The same without shared memory.</summary>
    public static SplitRow OverGrpcAlone(int batchSize, PipelineServices services, Workload workload) =>
        new($"{NameOf(batchSize)}, over gRPC alone", services, workload, new RunSettings { BatchSize = batchSize });

    public async Task<Outcome> RunAsync(CancellationToken cancellationToken)
    {
        foreach (var process in services.Processes)
            process.ForgetPeak();
        var output = workload.NewOutput();
        var run = await services.WhileAliveAsync(
            ending => services.RunAsync(settings with { Input = workload.Input, Output = output }, ending), cancellationToken);
        if (run.Counts.Lines != workload.Lines || run.Counts.Rejected != 0 || run.Counts.Blank != 0)
            throw new BenchException($"{name}: {run.Counts} where all of {workload.Lines} lines are good");
        var results = await File.ReadAllBytesAsync(output, cancellationToken);
        File.Delete(output);
        return new Outcome(MeasurementOf(run), results);
    }

    private Measurement MeasurementOf(Run run) => new()
    {
        Seconds = run.ElapsedMicros / 1e6,
        CpuSeconds = run.Stages.Sum(stage => stage.ProcessCpuMicros) / 1e6,
        PeakRssBytes = services.Processes.ToDictionary(process => process.Name, process => process.PeakRssBytes),
        Checkpoints = run.Progress.Checkpoint,
        Stages = [.. run.Stages.Select(MeasurementOf)],
    };

    private static StageMeasurement MeasurementOf(StageFigures stage) => new()
    {
        Role = stage.Role,
        CpuSeconds = stage.ProcessCpuMicros / 1e6,
        ProcessingSeconds = stage.ProcessingMicros / 1e6,
        WaitingToReceiveSeconds = stage.WaitingToReceiveMicros / 1e6,
        WaitingToSendSeconds = stage.WaitingToSendMicros / 1e6,
        AllocatedBytes = stage.AllocatedBytes,
        BatchesIn = stage.BatchesIn,
        BytesIn = stage.BytesIn,
        Latency = stage.Latency,
    };
}
