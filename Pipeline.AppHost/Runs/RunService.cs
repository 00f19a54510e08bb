using Microsoft.Extensions.Hosting;
using Pipeline.AppHost.Configuration;
using Pipeline.AppHost.Supervision;

namespace Pipeline.AppHost.Runs;

/// <summary>Makes the run of this start: waits for the pipeline, starts the run, follows it, tells what came out.</summary>
internal sealed class RunService(
    RunPlan plan,
    PipelineDirectories directories,
    ResourceNotificationService notifications,
    SupervisionOutcome supervision,
    RunInterruption interruption,
    RunOutcome outcome,
    IHostApplicationLifetime lifetime) : BackgroundService
{
    private const int Failure = 1;

    /// <summary>As a shell says it of a program that Ctrl-C ended.</summary>
    private const int Interrupted = 130;

    private readonly RunReport _report = new(Console.Out, Console.IsOutputRedirected);
    private RunView? _run;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        outcome.ExitCode = plan.Command.Exit ? Interrupted : 0;
        using var given = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        try
        {
            await Task.Yield();
            var run = MakeAsync(given.Token);
            if (await Task.WhenAny(run, supervision.GivenUp) == run)
            {
                await run;
                outcome.ExitCode = 0;
            }
            else
            {
                await given.CancelAsync();
                await FailAsync(await supervision.GivenUp);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await InterruptAsync();
            return;
        }
        catch (Exception exception) when (exception is PipelineException or DistributedApplicationException or IOException or HttpRequestException)
        {
            await FailAsync(exception.Message);
        }

        if (plan.Command.Exit)
            lifetime.StopApplication();
    }

    private async Task FailAsync(string reason)
    {
        outcome.ExitCode = plan.Command.Exit ? Failure : 0;
        await Console.Error.WriteLineAsync($"error: {reason}");
    }

    // This service is stopped before those that it needs: the pipeline is still up.
    private async Task InterruptAsync()
    {
        _report.Close();
        if (_run is null)
        {
            outcome.LastWord = () => plan.Command.Resume is { } stored ? interruption.Describe(stored) : ("interrupted before there was a run", false);
            return;
        }

        _run = await interruption.DrainAsync(_run);
        switch (_run.State)
        {
            case "completed":
                _report.Completed(_run, orchestrator: null);
                outcome.ExitCode = 0;
                break;
            case "failed":
                await FailAsync(_run.WhyFailed);
                break;
            default:
                outcome.LastWord = () => interruption.Describe(_run.Id);
                break;
        }
    }

    private async Task MakeAsync(CancellationToken cancellationToken)
    {
        if (plan.SampleWriter is { } writer)
            await WaitForSampleAsync(writer, cancellationToken);
        await ReadyAsync(cancellationToken);

        using var client = new OrchestratorClient(plan.Orchestrator.Url, plan.Key);
        var run = _run = await BeginAsync(client, cancellationToken);
        _report.Started(run);
        cancellationToken.ThrowIfCancellationRequested();
        while (run.State != "completed")
        {
            run = await FollowAsync(client, run, cancellationToken);
            run = _run = run.State switch
            {
                "completed" => run,
                "failed" => throw new PipelineException(run.WhyFailed),
                "paused" or "cancelled" => throw new PipelineException($"run {run.Id} was {run.State}; {interruption.HowToGoOn(run.Id)}"),

                // Its orchestrator stopped or died, and is back.
                "interrupted" => await client.ResumeAsync(run.Id, cancellationToken),
                _ => run,
            };
        }

        _report.Completed(run, plan.Command.Exit ? null : plan.Orchestrator.Url);
    }

    // The answer is waited for even after Ctrl-C: a run that was made is to be known.
    private async Task<RunView> BeginAsync(OrchestratorClient client, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var bounded = new CancellationTokenSource();
        await using var registration = cancellationToken.Register(() => bounded.CancelAfter(RunInterruption.DrainTime));
        return plan.Command.Resume is { } stored
            ? await client.ResumeAsync(stored, bounded.Token)
            : await client.StartAsync(new RunRequest(plan.Input, plan.Command.Output, plan.Command.BatchSize), bounded.Token);
    }

    private async Task<RunView> FollowAsync(OrchestratorClient client, RunView run, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var view in client.FollowAsync(run.Id, cancellationToken))
            {
                run = _run = view;
                _report.Progress(view);
            }

            if (run.State is "completed" or "failed" or "paused" or "cancelled")
                return run;
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            // The orchestrator is gone; its supervisor brings it back, or gives up, which ends this too.
        }

        await ReadyAsync(cancellationToken);
        try
        {
            return await client.GetAsync(run.Id, cancellationToken);
        }
        catch (HttpRequestException)
        {
            return run;
        }
    }

    private Task<ResourceEvent> ReadyAsync(CancellationToken cancellationToken) => notifications.WaitForResourceHealthyAsync(
        plan.Orchestrator.Resource.Name, WaitBehavior.WaitOnResourceUnavailable, cancellationToken);

    private async Task WaitForSampleAsync(string writer, CancellationToken cancellationToken)
    {
        var ended = await notifications.WaitForResourceAsync(
            writer, change => KnownResourceStates.TerminalStates.Contains(change.Snapshot.State?.Text), cancellationToken);
        if (ended.Snapshot.ExitCode != 0)
            throw new PipelineException($"the sample could not be generated; {Path.Combine(directories.Logs, writer + ".log")} says why");
    }
}
