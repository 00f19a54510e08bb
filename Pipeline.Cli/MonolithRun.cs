using System.Net.ServerSentEvents;
using System.Threading.Channels;
using Pipeline.Client.Runs;
using Pipeline.Client.Views;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Files;
using Pipeline.Stages.Monolith;
using Pipeline.Stages.Rules;

namespace Pipeline.Cli;

/// <summary>run --monolith: the same transforms, chained in this process. What a run keeps meanwhile lies in a folder that goes with it.</summary>
/// <param name="context">What commands share.</param>
/// <param name="format">Format of the report.</param>
/// <param name="threads">Batches that are parsed at once: 1 to <see cref="MaxThreads"/>.</param>
internal sealed class MonolithRun(CommandContext context, ReportFormat format, int threads)
{
    /// <summary>Most batches that are parsed at once.</summary>
    public const int MaxThreads = 64;

    /// <summary>What its stages refuse of the settings themselves, told before any of them is opened.</summary>
    public static IEnumerable<FieldError> Check(RunSettings settings) =>
        RulesStage.Check(RunOptionsMapping.ToOptions(settings, settings.Input ?? "", settings.Output ?? "", "", settings.Overwrite))
            .Select(RunOptionsMapping.ToError)
            .Select(error => error with { Message = error.Message.TrimEnd('.') });

    /// <summary>Runs to the end.</summary>
    /// <returns>The completed run.</returns>
    /// <exception cref="CliException">It failed.</exception>
    public Task<Run> RunAsync(RunSettings settings, CancellationToken cancellationToken) =>
        RunBesideAsync(settings, opensOnly: false, cancellationToken);

    /// <summary>Runs to the end, and writes the results to standard output.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="CliException">It failed; nothing is written then.</exception>
    public Task<int> WriteAsync(RunSettings settings, CancellationToken cancellationToken) => InFolderAsync(settings, async apart =>
    {
        var run = await RunBesideAsync(apart, opensOnly: false, cancellationToken);
        await using (var results = SharedFile.OpenRead(run.Output))
            await context.Terminal.WriteBytesAsync(standardOutput => results.CopyToAsync(standardOutput, cancellationToken));
        if (run.Counts.Rejected > 0)
            context.Terminal.Error.WriteLine($"rejected: {Show.Count(run.Counts.Rejected, "line")}; with --output FILE rejects are kept beside it");
        return ExitCodes.Ok;
    });

    /// <summary>Opens all stages, which check settings, rules and files; no line is read, and no results are written.</summary>
    /// <exception cref="CliException">It could not be run, and why.</exception>
    public Task CheckAsync(RunSettings settings, CancellationToken cancellationToken) => settings.Output is null
        ? InFolderAsync(settings, apart => RunBesideAsync(apart, opensOnly: true, cancellationToken))
        : RunBesideAsync(settings, opensOnly: true, cancellationToken);

    // For results that are no file of the user's.
    private static async Task<T> InFolderAsync<T>(RunSettings settings, Func<RunSettings, Task<T>> run)
    {
        using var folder = TemporaryFolder.OfUser();
        return await run(settings with { Output = Path.Combine(folder.Path, RunDefaults.OutputName) });
    }

    private async Task<Run> RunBesideAsync(RunSettings settings, bool opensOnly, CancellationToken cancellationToken)
    {
        var run = NewRun(settings, context.Time);
        using var folder = TemporaryFolder.Beside(run.Output);
        try
        {
            if (settings.Input == Terminal.StandardStream)
            {
                // Stages read files only. A check opens them without reading a line, and leaves standard input alone.
                run = run with { Input = Path.Combine(folder.Path, "standard-input") };
                if (opensOnly)
                    await File.WriteAllBytesAsync(run.Input, [], cancellationToken);
                else
                    await context.Terminal.SaveInputAsync(run.Input, cancellationToken);
            }

            var open = new OpenRun { RunId = run.Id, Attempt = 1, Options = RunOptionsMapping.ToOptions(run, folder.Path) };
            // The user who gives the command may read and write wherever the system lets them.
            var options = new MonolithOptions { Threads = threads, Roots = [DriveOf(run.Input), DriveOf(run.Output)] };
            var events = Channel.CreateUnbounded<SseItem<Run>>();
            var display = new RunDisplay(context.Terminal, quiet: format != ReportFormat.Text || opensOnly, context.Time);
            var showing = display.ShowAsync(events.Reader.ReadAllAsync(CancellationToken.None));
            try
            {
                return await WorkAsync(run, open, options, events.Writer, opensOnly, cancellationToken) with { Input = settings.Input! };
            }
            finally
            {
                events.Writer.TryComplete();
                await showing;
            }
        }
        catch (StageException error) when (ExitCodes.Of(error.Failure.Reason) == ExitCodes.Usage)
        {
            throw new CliException(ExitCodes.Usage, error.Message, error);
        }
        catch (StageException error)
        {
            throw new CliException(ExitCodes.Failed, $"the run failed: {error.Failure.Reason}: {error.Message}", error);
        }
    }

    private static async Task<Run> WorkAsync(
        Run run, OpenRun open, MonolithOptions options, ChannelWriter<SseItem<Run>> events, bool opensOnly, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var answers = new Answers(answer =>
        {
            if (answer.RunOpened is { } opened)
            {
                run = run with { Skipped = SkippedInput.Of(opened.Skipped) };
                if (opensOnly)
                    ending.Cancel();
            }

            if (answer.CheckpointCommitted?.OpenPosition() is { } position)
                run = run with { Progress = RunProgress.Of(answer.CheckpointCommitted.Id, position) };
            events.TryWrite(new SseItem<Run>(run, RunEventNames.Progress));
        });
        try
        {
            // Nothing of it is kept that could be resumed: an interrupt does not drain it, it stops where it is.
            var completed = await Task.Run(
                () => MonolithRunner.RunAsync(open, options, answers, null, CancellationToken.None, ending.Token), CancellationToken.None);
            return run with
            {
                State = RunState.Completed,
                Counts = RunCounts.Of(completed.Counts),
                Rejects = completed.Rejects.Length > 0 ? completed.Rejects : null,
                ElapsedMicros = completed.ElapsedMicros,
                Stages = [.. completed.Stages.Select(StageFigures.Of)],
            };
        }
        catch (OperationCanceledException) when (opensOnly && !cancellationToken.IsCancellationRequested)
        {
            return run;
        }
    }

    // Where a link leads: on Windows that may be another drive.
    private static string DriveOf(string path) => Path.GetPathRoot(RootedPath.Resolve(path))!;

    private static Run NewRun(RunSettings settings, TimeProvider time) => new()
    {
        Id = $"monolith-{Environment.ProcessId}",
        State = RunState.Running,
        Attempts = 1,
        Created = time.GetUtcNow(),
        Updated = time.GetUtcNow(),
        Options = settings,
        Input = settings.Input!,
        MayReplace = settings.Overwrite,
        Output = settings.Output!,
    };

    private sealed class Answers(Action<StageOutput> tell) : IProgress<StageOutput>
    {
        public void Report(StageOutput value) => tell(value);
    }
}
