using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting;
using Pipeline.AppHost.Configuration;
using Pipeline.AppHost.Supervision;
using Pipeline.Client.Runs;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.AppHost.Runs;

/// <summary>
/// Brings runs to a checkpoint before any stage stops: stops first the resource "run", which pauses its run, and then the orchestrator,
/// which drains what other clients have started. Then all other processes are asked to stop.
/// </summary>
internal sealed class RunDrain(
    PipelineCommand command,
    ResourceNotificationService notifications,
    ResourceCommandService commands,
    ResourceProcesses processes,
    SupervisionOutcome supervision,
    PipelineDirectories directories,
    TimeProvider time)
    : IHostedLifecycleService
{
    /// <summary>Longest time for both together; a run that did not get to a checkpoint resumes from the one before.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(6);

    private readonly DateTimeOffset _began = time.GetUtcNow();

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        if (!IsDone())
            await DrainAsync(cancellationToken);
        processes.Terminate();
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedService.StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // The one run of --exit has ended, not only the process that follows it, and no other client's run is active.
    private bool IsDone() => command.Exit
        && notifications.TryGetCurrentState(RunConsole.Run, out var run) && RunConsole.HasEnded(run) && !RunConsole.WasKilled(run.Snapshot)
        && !StoredRuns.All(directories.Stores, _began).Any(stored => stored.State.IsActive());

    private async Task DrainAsync(CancellationToken cancellationToken)
    {
        // Not disposed: a Ctrl-C that is under way when this returns still cancels it.
        var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        ending.CancelAfter(Timeout);
        var interrupts = new Interrupts(time);
        // The one by which the AppHost stops.
        interrupts.IsAnother();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal =>
        {
            signal.Cancel = true;
            if (interrupts.IsAnother())
                ending.Cancel();
        });
        try
        {
            if (IsRunning(RunConsole.Run, out var run))
            {
                // Else it stops because a process was given up, which has been told.
                if (!command.Exit || !supervision.GivenUp.IsCompleted)
                    await Console.Error.WriteLineAsync("stopping: the run goes to a checkpoint; another Ctrl-C, a second later, does not wait for it");
                await StopAsync(run, ending.Token);
                // Its last lines, which say how to resume, are copied once Aspire knows of its end.
                await notifications.WaitForResourceAsync(RunConsole.Run, RunConsole.HasEnded, ending.Token);
            }

            if (IsRunning("orchestrator", out var orchestrator))
                await StopAsync(orchestrator, ending.Token);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The services stop as they are; the runs resume from their last checkpoints.
        }
    }

    private bool IsRunning(string resource, [NotNullWhen(true)] out ResourceEvent? current) =>
        notifications.TryGetCurrentState(resource, out current) && current.Snapshot.State?.Text == KnownResourceStates.Running;

    private async Task StopAsync(ResourceEvent resource, CancellationToken cancellationToken)
    {
        if (OperatingSystem.IsWindows())
        {
            await commands.ExecuteCommandAsync(resource.ResourceId, KnownResourceCommands.StopCommand, cancellationToken)
                .WaitAsync(cancellationToken);
        }
        else
        {
            processes.Find(resource.ResourceId)?.Send(ProcessSignal.Terminate);
        }

        while (processes.Find(resource.ResourceId) is not null)
            await Task.Delay(ResourceProcesses.EndInterval, cancellationToken);
    }
}
