using System.Diagnostics;
using Pipeline.Client.Runs;
using Pipeline.Contracts;

namespace Pipeline.Tests.Faults;

/// <summary>A disk that fills up: the run stops and says so, and goes on when there is room.</summary>
[Collection(WholeMachineCollection.Name)]
[Trait("Category", "Faults")]
[Trait("Row", "disk")]
public sealed class DiskFullTests
{
    private const int Usual = 3;
    private const int Lines = 200_000;

    [FaultTheory(NeedsRoot = true)]
    [InlineData("results")]
    [InlineData("work")]
    public async Task Run_DiskFull_FailsWithTheReasonAndResumesOnceThereIsRoom(string where)
    {
        var row = new FaultRow($"disk full, {(where == "results" ? "below the results" : "below the run's folder")}");
        await using var bench = await FaultBench.StartAsync(path => FaultBench.Write(path, Lines, 0.1));
        await row.RepeatAsync(FaultSettings.Repeat(Usual), async random =>
        {
            var settings = bench.NewRun();
            var full = where == "results" ? Path.GetDirectoryName(settings.Output)! : Path.Combine(bench.Pipeline.Host.Data, "runs");
            try
            {
                // Room for a part of the output only: some hundred kilobytes of rejects.
                await MountAsync(full, $"size={random.Next(200, 1_000)}k");
                await FillAsync(bench, settings, full);
            }
            finally
            {
                await UnmountAsync(full);
            }
        });
        row.Finish();
    }

    private static async Task FillAsync(FaultBench bench, RunSettings settings, string full)
    {
        var run = await bench.Pipeline.RunAsync(settings);
        Assert.Equal(RunState.Failed, run.State);
        // If run.json is on the full disk as well, the orchestrator may be the first to fail.
        Assert.True(run.Error?.Reason is FailureReasons.DiskFull or FailureReasons.StoreUnwritable, $"attempt {run.Attempts}: {run.Error}");
        Assert.False(File.Exists(settings.Output), "something stands where the results belong");

        await MountAsync(full, "remount,size=200m");
        await bench.Pipeline.Api.ResumeAsync(run.Id);
        run = await bench.Pipeline.RestAsync(run);
        bench.Reference.Check(run);
    }

    private static Task MountAsync(string folder, string options) => RunAsync("mount", "-t", "tmpfs", "-o", options, "tmpfs", folder);

    private static Task UnmountAsync(string folder) => RunAsync("umount", "-l", folder);

    private static async Task RunAsync(string program, params string[] arguments)
    {
        var (code, _, error) = await Programs.RunAsync(new ProcessStartInfo(program, arguments));
        Assert.True(code == 0, $"{program} {string.Join(' ', arguments)}: {error}");
    }
}
