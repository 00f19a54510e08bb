using System.CommandLine;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Pipeline.Bench.Cli;
using Pipeline.Bench.Rows;
using Pipeline.Bench.Services;

namespace Pipeline.Bench.Micro;

/// <summary>micro: the parts of the hot path, each by itself.</summary>
internal static class MicroCommand
{
    public static Command Build()
    {
        var filter = new Option<string>("--filter")
        {
            Description = "Which, such as *Parse*", HelpName = "GLOB", DefaultValueFactory = _ => "*",
        };
        var report = new Option<string?>("--report") { Description = "Folder for BenchmarkDotNet's reports", HelpName = "FOLDER" };
        var command = new Command("micro", "Measure the parts of the hot path by themselves, with BenchmarkDotNet") { filter, report };
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed.GetValue(filter)!, parsed.GetValue(report), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string filter, string? report, CancellationToken cancellationToken)
    {
        using var session = new Session();
        var workload = await InputFile.GenerateAsync(session, HotPath.Lines, InputFile.Events, "medium", cancellationToken);
        HotPath.Input = await File.ReadAllBytesAsync(workload.Input, cancellationToken);
        // In this process: the generated projects of other toolchains would be built by the rules of this repository.
        var config = ManualConfig.Create(DefaultConfig.Instance)
            .AddJob(Job.Default.WithToolchain(InProcessEmitToolchain.Instance))
            .WithArtifactsPath(report is null ? session.Folder : Path.GetFullPath(report));
        // It knows no cancellation: on Ctrl-C it is left alone, and ends with the process.
        var running = Task.Run(() => BenchmarkSwitcher.FromTypes([typeof(HotPath)]).Run(["--filter", filter], config).ToList(), CancellationToken.None);
        var summaries = await running.WaitAsync(cancellationToken);
        if (summaries.Count == 0)
            throw new BenchException($"no benchmark is called {filter}");
        return summaries.Exists(summary => summary.HasCriticalValidationErrors || summary.Reports.Any(one => !one.Success)) ? 1 : 0;
    }
}
