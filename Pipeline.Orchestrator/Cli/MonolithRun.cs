using System.Net.ServerSentEvents;
using System.Threading.Channels;
using Pipeline.Contracts.V1;
using Pipeline.Orchestrator.Api;
using Pipeline.Orchestrator.Runs;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Stages.Monolith;

namespace Pipeline.Orchestrator.Cli;

/// <summary>run --monolith: the same transforms, chained in this process. What a run keeps meanwhile lies in a folder that goes with it.</summary>
internal static class MonolithRun
{
    /// <summary>Most batches that are parsed at once.</summary>
    public const int MaxThreads = 64;

    /// <summary>Runs to the end.</summary>
    /// <returns>The completed run.</returns>
    /// <exception cref="CliException">It failed.</exception>
    public static async Task<Run> RunAsync(
        RunSettings settings, int threads, CommandContext context, ReportFormat format, CancellationToken cancellationToken)
    {
        var run = NewRun(settings, context.Time);
        var folder = MakeFolder(run.Output);
        try
        {
            var open = new OpenRun { RunId = run.Id, Attempt = 1, Options = RunOptionsMapping.ToOptions(run, folder) };
            // The person who gives the command may read and write wherever the system lets them.
            var options = new MonolithOptions { Threads = threads, Roots = [Path.GetPathRoot(run.Input)!] };
            var events = Channel.CreateUnbounded<SseItem<Run>>();
            var display = new RunDisplay(context.Terminal, quiet: format != ReportFormat.Text, context.Time);
            var showing = display.ShowAsync(events.Reader.ReadAllAsync(CancellationToken.None));
            try
            {
                return await WorkAsync(run, open, options, events.Writer, cancellationToken);
            }
            finally
            {
                events.Writer.TryComplete();
                await showing;
            }
        }
        catch (StageException error)
        {
            throw new CliException(ExitCodes.Failed, $"the run failed: {error.Failure.Reason}: {error.Message}", error);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<Run> WorkAsync(
        Run run, OpenRun open, MonolithOptions options, ChannelWriter<SseItem<Run>> events, CancellationToken cancellationToken)
    {
        var answers = new Answers(answer =>
        {
            if (answer.CheckpointCommitted?.Position is { } position)
                run = run with { Progress = RunProgress.Of(answer.CheckpointCommitted.Id, position) };
            events.TryWrite(new SseItem<Run>(run, RunEvents.Progress));
        });
        // Nothing of it is kept that could be resumed: it stops where it is.
        var completed = await Task.Run(
            () => MonolithRunner.RunAsync(open, options, answers, null, CancellationToken.None, cancellationToken), CancellationToken.None);
        return run with
        {
            State = RunState.Completed,
            Counts = RunCounts.Of(completed.Counts),
            Rejects = completed.Rejects.Length > 0 ? completed.Rejects : null,
            ElapsedMicros = completed.ElapsedMicros,
            Stages = [.. completed.Stages.Select(StageFigures.Of)],
        };
    }

    private static Run NewRun(RunSettings settings, TimeProvider time) => new()
    {
        Id = $"monolith-{Environment.ProcessId}",
        State = RunState.Running,
        Attempts = 1,
        Created = time.GetUtcNow(),
        Updated = time.GetUtcNow(),
        Options = settings,
        Input = settings.Input!,
        Output = settings.Output ?? throw new CliException(ExitCodes.Usage, "--output is needed with --monolith: there is no run's folder"),
    };

    /// <summary>Beside the output, and so on its file system: what is finished is renamed.</summary>
    private static string MakeFolder(string output)
    {
        var folder = Path.Combine(Path.GetDirectoryName(output)!, $".{Path.GetFileName(output)}.{Environment.ProcessId}.tmp");
        try
        {
            return Directory.CreateDirectory(folder).FullName;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCodes.Failed, $"{output} cannot be written: {error.Message}", error);
        }
    }

    private sealed class Answers(Action<StageOutput> tell) : IProgress<StageOutput>
    {
        public void Report(StageOutput value) => tell(value);
    }
}
