using System.Runtime.Versioning;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Pipeline.Client.Runs;
using Pipeline.Orchestrator.Runs;
using Pipeline.Orchestrator.Web;
using Pipeline.Tests.Orchestrator.Fakes;

namespace Pipeline.Tests.Orchestrator.Web;

public sealed class DemonstrationTests : FolderTests
{
    [UnixTheory, UnsupportedOSPlatform("windows")]
    [InlineData(1_000_000, 1_000_000, 50)]
    [InlineData(999_999, 1_250_000, 300)]
    public async Task Start_OneProcessOverALongInput_LeavesItsStartOut(long lines, long elapsedMicros, double cpuNanosPerLine)
    {
        await using var served = await ServedOrchestrator.StartAsync();
        var demonstration = new Demonstration(
            served.Services.GetRequiredService<RunService>(),
            served.Services.GetRequiredService<RunStore>(),
            new ConfigurationBuilder().AddInMemoryCollection([new(Demonstration.CommandVariable, Program(lines))]).Build(),
            served.Services.GetRequiredService<IHostApplicationLifetime>());

        demonstration.Start(Path.Combine(served.Folder, "in.ndjson"));
        foreach (var _ in demonstration.State.Current.Value.Steps.Where(step => step.BatchSize is not null))
            (await served.Stages.NextAsync()).Opens().Completes();
        var ended = await demonstration.State.ReadAllAsync(CancellationToken.None).FirstAsync(state => !state.IsRunning);

        var last = ended.Steps[^1];
        Assert.Equal((null, null, elapsedMicros), (last.Error, last.BatchSize, last.Run!.ElapsedMicros));
        Assert.Equal(cpuNanosPerLine, last.CpuNanosPerLine!.Value, tolerance: 0.1);
    }

    // Stands for the command line: writes what it would report of a run over a few lines, and of one over the input.
    [UnsupportedOSPlatform("windows")]
    private string Program(long lines)
    {
        var path = InFolder("pipeline");
        File.WriteAllText(
            path, $"""
            #!/bin/sh
            case "$*" in
              generate*) ;;
              *few.ndjson*) echo '{Report(1_000, 250_000)}' ;;
              *) echo '{Report(lines, 1_250_000)}' ;;
            esac
            """);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }

    private static string Report(long lines, long elapsedMicros) => JsonSerializer.Serialize(
        SampleRun.New(state: RunState.Completed) with
        {
            Counts = new RunCounts { Lines = lines },
            ElapsedMicros = elapsedMicros,
            Stages = [new StageFigures { InstanceId = "parse", Role = "parse", ProcessCpuMicros = lines < 999_999 ? 250_000 : 300_000 }],
        },
        RunJson.Default.Run);
}
