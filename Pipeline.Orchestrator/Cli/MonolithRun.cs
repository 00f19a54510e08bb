using Pipeline.Orchestrator.Runs;

namespace Pipeline.Orchestrator.Cli;

/// <summary>run --monolith: the same transforms, chained in this process.</summary>
internal static class MonolithRun
{
    /// <summary>Runs to the end.</summary>
    /// <returns>The exit code.</returns>
    public static Task<int> RunAsync(RunSettings settings, CommandContext context, bool json, CancellationToken cancellationToken) =>
        throw new CliException(ExitCodes.Failed, $"--monolith is not there yet ({settings.Input}, {context.Time}, {json}, {cancellationToken})");
}
