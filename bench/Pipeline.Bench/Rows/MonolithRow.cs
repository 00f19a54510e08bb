using Pipeline.Bench.Cli;
using Pipeline.Bench.Figures;
using Pipeline.Bench.Services;
using Pipeline.Client.Runs;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Monolith;

namespace Pipeline.Bench.Rows;

/// <summary>The same five stages chained in this process, with the same checkpoints.</summary>
internal sealed class MonolithRow(Workload workload, int threads) : IRow
{
    public string Name => NameOf(threads);

    public static string NameOf(int threads) => threads == 1 ? "monolith, 1 thread" : $"monolith, {threads} threads";

    public async Task<Outcome> RunAsync(CancellationToken cancellationToken)
    {
        var output = workload.NewOutput();
        var work = Directory.CreateDirectory(output + ".work").FullName;
        var open = new OpenRun
        {
            RunId = Path.GetFileNameWithoutExtension(output),
            Attempt = 1,
            Options = new RunOptions
            {
                Input = workload.Input,
                Output = output,
                WorkDirectory = work,
                LingerMicros = 5_000,
                MaxLineBytes = 1 << 20,
                GroupBy = { "type" },
                CheckpointIntervalMicros = RunDefaults.CheckpointIntervalMillis * 1_000,
            },
        };
        PeakMemory.Forget(Environment.ProcessId);
        var cpu = Environment.CpuUsage.TotalTime;
        var completed = await MonolithRunner.RunAsync(
            open, new MonolithOptions { Threads = threads, Roots = [workload.Folder] }, null, null, CancellationToken.None, cancellationToken);
        cpu = Environment.CpuUsage.TotalTime - cpu;
        if (completed.Counts.Lines != workload.Lines || completed.Counts.Rejected != 0)
            throw new BenchException($"{Name}: {completed.Counts} where all of {workload.Lines} lines are good");
        var results = await File.ReadAllBytesAsync(output, cancellationToken);
        File.Delete(output);
        Directory.Delete(work, recursive: true);
        return new Outcome(
            new Measurement { Seconds = completed.ElapsedMicros / 1e6, CpuSeconds = cpu.TotalSeconds, PeakRssBytes = InProcess.PeakRss() },
            results);
    }
}
