using System.Globalization;
using System.Net;
using Pipeline.Client.Runs;

namespace Pipeline.Cli;

/// <summary>Stays with a run until it rests, across restarts of its orchestrator, and reports how it ended.</summary>
/// <param name="context">What commands share.</param>
/// <param name="format">Format of the report.</param>
/// <param name="figures">Whether the report has the figures of each stage.</param>
internal sealed class RunFollower(CommandContext context, ReportFormat format, bool figures)
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
        try
        {
            while (true)
            {
                var run = await ShowAsync(display, client, id, interrupt);
                if (run is { State: not RunState.Interrupted } && !run.State.IsActive())
                    return End(run);
                context.Terminal.Error.WriteLine($"{id}: the orchestrator went away, waiting for it");
                await Task.Delay(RetryDelay, context.Time, interrupt);
                client = await ReturnAsync(id, interrupt);
            }
        }
        catch (OperationCanceledException) when (interrupt.IsCancellationRequested)
        {
            return await PauseAsync(client, id);
        }
    }

    /// <summary>Reports how a run ended.</summary>
    /// <param name="run">The run.</param>
    /// <param name="isStored">Whether the orchestrator has it.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="CliException">It did not complete.</exception>
    public int End(Run run, bool isStored = true)
    {
        RunReport.Write(context.Terminal, run, format, withResults: true, figures, isStored);
        return run.State switch
        {
            RunState.Completed => ExitCodes.Ok,
            RunState.Failed when run.Error is { } error && ExitCodes.Of(error.Reason) == ExitCodes.Usage =>
                throw new CliException(ExitCodes.Usage, error.Message),
            RunState.Failed when run.Error is { } error =>
                throw Failed($"run {run.Id} failed: {error.Reason}: {error.Message.TrimEnd('.')}; go on with: {HowToResume(run.Id)}"),
            _ => throw Failed($"run {run.Id} is {run.State.ToText()}; go on with: {HowToResume(run.Id)}"),
        };
    }

    private static CliException Failed(string message) => new(ExitCodes.Failed, message);

    private string HowToResume(string id) => context.Environment(ResumeVariable) is { Length: > 0 } command
        ? command.Replace("{run}", id, StringComparison.Ordinal)
        : $"resume {id}";

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
            RunsClient? client = null;
            try
            {
                client = RunsClient.Connect(context.Environment);
                if ((await client.GetAsync(id, interrupt)).State == RunState.Interrupted)
                    await client.ResumeAsync(id, cancellationToken: CancellationToken.None);
                return client;
            }
            catch (RunsApiException error) when (ExitCodes.Of(error) is ExitCodes.NoPipeline or ExitCodes.Failed)
            {
                // Failed: the orchestrator that is stopping refuses to resume.
                client?.Dispose();
                if (context.Time.GetElapsedTime(since) > ReconnectTimeout)
                    throw new CliException(
                        ExitCodes.NoPipeline,
                        $"the orchestrator went away ({error.Message}); once the pipeline is up again, go on with: {HowToResume(id)}",
                        error);
            }

            await Task.Delay(RetryDelay, context.Time, interrupt);
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
        catch (Exception error) when (error is RunsApiException or OperationCanceledException)
        {
            throw new CliException(
                ExitCodes.Interrupted, $"run {id} could not be paused ({error.Message}); go on with: {HowToResume(id)}", error);
        }

        if (run is { State: RunState.Completed or RunState.Failed })
            return End(run);
        context.Terminal.Error.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"run {id} was interrupted after {run?.Progress.Lines ?? 0:N0} lines; go on with: {HowToResume(id)}"));
        return ExitCodes.Interrupted;
    }

    private static async Task<Run?> RequestPauseAsync(RunsClient client, string id, CancellationToken cancellationToken)
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
