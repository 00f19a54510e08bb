using Microsoft.Extensions.Hosting;

namespace Pipeline.AppHost.Runs;

/// <summary>
/// Brings runs to a checkpoint before any stage stops: stops first the resource "run", which pauses its run, and then the orchestrator,
/// which drains what other clients have started.
/// </summary>
internal sealed class RunDrain(ResourceNotificationService notifications, ResourceCommandService commands) : IHostedLifecycleService
{
    /// <summary>Longest time for both together; a run that did not get to a checkpoint resumes from the one before.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(6);

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        ending.CancelAfter(Timeout);
        try
        {
            await StopAsync(RunConsole.Run, ending.Token);
            await StopAsync("orchestrator", ending.Token);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // Too late: the services stop as they are.
        }
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedService.StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task StopAsync(string resource, CancellationToken cancellationToken)
    {
        if (notifications.TryGetCurrentState(resource, out var current) && current.Snapshot.State?.Text == KnownResourceStates.Running)
            await commands.ExecuteCommandAsync(current.ResourceId, KnownResourceCommands.StopCommand, cancellationToken).WaitAsync(cancellationToken);
    }
}
