using System.Net;
using Pipeline.Client.Runs;
using Pipeline.Client.Views;

namespace Pipeline.Cli;

/// <summary>Stays with a run until it rests, across restarts of its orchestrator, and reports how it ended.</summary>
/// <param name="context">What commands share.</param>
/// <param name="format">Format of the report.</param>
internal sealed class RunFollower(CommandContext context, ReportFormat format)
{
    /// <summary>Environment variable: the command line that resumes a run, with {run} for its id.</summary>
    public const string ResumeVariable = "PIPELINE_RESUME_COMMAND";

    /// <summary>How long an orchestrator may be gone before the command gives up.</summary>
    public static readonly TimeSpan ReconnectTimeout = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan PauseDeadline = TimeSpan.FromSeconds(15);

    /// <summary>Follows a run. An interrupt (SIGINT, SIGTERM) pauses it, so that it can be resumed.</summary>
    /// <param name="client">A client of its orchestrator.</param>
    /// <param name="id">The run.</param>
    /// <param name="interrupt">Cancelled by an interrupt.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="CliException">The run did not complete, or its orchestrator is gone for good.</exception>
    public async Task<int> FollowAsync(RunsClient client, string id, CancellationToken interrupt)
    {
        var display = new RunDisplay(context.Terminal, quiet: format != ReportFormat.Text, context.Time);
        // The first client is the caller's.
        RunsClient? own = null;
        try
        {
            while (true)
            {
                var run = await ShowAsync(display, client, id, interrupt);
                if (run is { State: not RunState.Interrupted } && !run.State.IsActive())
                    return End(run);
                context.Terminal.Error.WriteLine($"{id}: the orchestrator went away, waiting for it");
                await Task.Delay(RetryDelay, context.Time, interrupt);
                var next = await ReturnAsync(id, interrupt);
                own?.Dispose();
                client = own = next;
            }
        }
        catch (OperationCanceledException) when (interrupt.IsCancellationRequested)
        {
            return await PauseAsync(client, id);
        }
        finally
        {
            own?.Dispose();
        }
    }

    /// <summary>Reports how a run ended.</summary>
    /// <param name="run">The run.</param>
    /// <param name="isStored">Whether the orchestrator has it.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="CliException">It did not complete.</exception>
    public int End(Run run, bool isStored = true)
    {
        RunReport.Write(context.Terminal, run, format, withFigures: true, isStored);
        return run.State == RunState.Completed ? ExitCodes.Ok : throw HowItEnded(run);
    }

    /// <summary>Reports a run that was to be paused or cancelled.</summary>
    /// <param name="run">The run as it was last heard of.</param>
    /// <param name="rest">The state in which it was to rest.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="CliException">It rests in another state, or does not rest yet.</exception>
    public int EndStopped(Run run, RunState rest)
    {
        RunReport.Write(context.Terminal, run, format);
        if (run.State == rest)
        {
            // It rests where it was to, whatever became of the attempt; but resuming may come to the same end.
            if (run.Error is { } error)
                context.Terminal.Error.WriteLine($"run {run.Id}: its last attempt failed: {error.Reason}: {error.Message}");
            return ExitCodes.Ok;
        }

        throw run.State == RunState.Completed ? Failed($"run {run.Id} completed before it was {rest.ToText()}")
            : run.State.IsActive() ? new CliException(
                ExitCodes.NoPipeline, $"the orchestrator went away before run {run.Id} was {rest.ToText()}; look at it with: {HowToShow(run.Id)}")
            : HowItEnded(run);
    }

    private static CliException Failed(string message) => new(ExitCodes.Failed, message);

    private static string HowToShow(string id) => $"pipeline show {id}";

    // Of one that rests and did not complete.
    private CliException HowItEnded(Run run) => run switch
    {
        { State: RunState.Failed, Error: { } error } when ExitCodes.Of(error.Reason) == ExitCodes.Usage => new CliException(ExitCodes.Usage, error.Message),
        { State: RunState.Failed, Error: { } error } => Failed(
            $"run {run.Id} failed: {error.Reason}: {error.Message.TrimEnd('.')}; {RunAdvice.For(error.Reason, $"go on with: {HowToResume(run.Id)}")}"),
        _ => Failed($"run {run.Id} is {run.State.ToText()}; go on with: {HowToResume(run.Id)}"),
    };

    private string HowToResume(string id) => context.Environment(ResumeVariable) is { Length: > 0 } command
        ? command.Replace("{run}", id, StringComparison.Ordinal)
        : $"pipeline resume {id}";

    // Null where the orchestrator did not answer at all.
    private static async Task<Run?> ShowAsync(RunDisplay display, RunsClient client, string id, CancellationToken interrupt)
    {
        try
        {
            return await display.ShowAsync(client.FollowAsync(id, interrupt));
        }
        catch (RunsApiException error) when (error.Status is null)
        {
            return null;
        }
    }

    // Waits for the next orchestrator, which has marked the run as interrupted, and resumes the run there.
    private async Task<RunsClient> ReturnAsync(string id, CancellationToken interrupt)
    {
        var since = context.Time.GetTimestamp();
        while (true)
        {
            try
            {
                return await ConnectAsync(id, interrupt);
            }
            catch (RunsApiException error) when (ExitCodes.Of(error) is ExitCodes.NoPipeline or ExitCodes.Failed)
            {
                // Failed: the orchestrator that is stopping refuses to resume.
                if (context.Time.GetElapsedTime(since) > ReconnectTimeout)
                {
                    throw error.Status is null
                        ? new CliException(
                            ExitCodes.NoPipeline,
                            $"the orchestrator went away ({error.Message}); once the pipeline is up again, go on with: {HowToResume(id)}",
                            error)
                        : new CliException(
                            ExitCodes.Failed, $"run {id} could not be resumed: {error.Message.TrimEnd('.')}; go on with: {HowToResume(id)}", error);
                }
            }

            await Task.Delay(RetryDelay, context.Time, interrupt);
        }
    }

    private async Task<RunsClient> ConnectAsync(string id, CancellationToken interrupt)
    {
        var client = context.Connect();
        try
        {
            if ((await client.GetAsync(id, interrupt)).State == RunState.Interrupted)
                await client.ResumeAsync(id, cancellationToken: CancellationToken.None);
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    private async Task<int> PauseAsync(RunsClient client, string id)
    {
        using var deadline = new CancellationTokenSource(PauseDeadline, context.Time);
        Run? run = null;
        try
        {
            run = await RequestPauseAsync(client, id, deadline.Token);
            await foreach (var change in client.FollowAsync(id, deadline.Token))
                run = change.Data;
        }
        catch (OperationCanceledException) when (run is not null)
        {
            // It was asked to pause, and takes longer: what was last heard of it is told.
        }
        catch (Exception error) when (error is RunsApiException or OperationCanceledException)
        {
            var why = error is RunsApiException ? error.Message : "the orchestrator does not answer";
            throw new CliException(ExitCodes.Interrupted, $"run {id} could not be paused ({why}); go on with: {HowToResume(id)}", error);
        }

        if (run.State.IsActive())
        {
            throw new CliException(
                ExitCodes.Interrupted, $"run {id} is still draining; look at it with: {HowToShow(id)}, and once it is paused go on with: {HowToResume(id)}");
        }

        if (run.State is RunState.Completed or RunState.Failed)
            return End(run);
        context.Terminal.Error.WriteLine($"run {id} was {run.State.ToText()} after {Show.Count(run.Progress.Lines, "line")}; go on with: {HowToResume(id)}");
        return ExitCodes.Interrupted;
    }

    private static async Task<Run> RequestPauseAsync(RunsClient client, string id, CancellationToken cancellationToken)
    {
        try
        {
            return await client.PauseAsync(id, cancellationToken);
        }
        catch (RunsApiException error) when (error.Status == HttpStatusCode.Conflict)
        {
            // It has come to rest by itself.
            return await client.GetAsync(id, cancellationToken);
        }
    }
}
