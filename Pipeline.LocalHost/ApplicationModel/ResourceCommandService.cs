using Pipeline.LocalHost.Orchestration;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>How a command went.</summary>
public sealed class ExecuteCommandResult
{
    /// <summary>Whether it was carried out; the state that it leads to may come later.</summary>
    public required bool Success { get; init; }

    /// <summary>Whether it was cancelled.</summary>
    public bool Canceled { get; init; }

    /// <summary>Why it was not carried out.</summary>
    public string? ErrorMessage { get; init; }
}

/// <summary>Starts, stops and restarts instances.</summary>
public class ResourceCommandService
{
    private readonly ResourceNotificationService _notifications;
    private readonly InstanceNames _names;
    private readonly InstanceSet _instances;

    internal ResourceCommandService(ResourceNotificationService notifications, InstanceNames names, InstanceSet instances)
    {
        _notifications = notifications;
        _names = names;
        _instances = instances;
    }

    /// <summary>Carries out a command on one instance.</summary>
    /// <param name="resourceId">The instance's id, or the resource's name where it has but one instance.</param>
    /// <param name="commandName">One of <see cref="KnownResourceCommands"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<ExecuteCommandResult> ExecuteCommandAsync(
        string resourceId,
        string commandName,
        CancellationToken cancellationToken = default) =>
        _notifications.TryGetCurrentState(resourceId, out var state)
            ? ExecuteAsync(state.ResourceId, commandName, cancellationToken)
            : Task.FromResult(new ExecuteCommandResult { Success = false, ErrorMessage = $"Resource '{resourceId}' not found." });

    /// <summary>Carries out a command on all instances of a resource.</summary>
    /// <param name="resource">The resource.</param>
    /// <param name="commandName">One of <see cref="KnownResourceCommands"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<ExecuteCommandResult> ExecuteCommandAsync(
        IResource resource,
        string commandName,
        CancellationToken cancellationToken = default)
    {
        var ids = _names.Of(resource);
        var results = await Task.WhenAll(ids.Select(id => ExecuteAsync(id, commandName, cancellationToken)));
        var failures = ids.Zip(results).Where(pair => !pair.Second.Success && !pair.Second.Canceled).ToList();
        return failures.Count > 0
            ? new ExecuteCommandResult
            {
                Success = false,
                ErrorMessage = string.Join(Environment.NewLine, failures.Select(
                    failure => $"Resource '{failure.First}' failed with error message: {failure.Second.ErrorMessage}")),
            }
            : results.FirstOrDefault(result => !result.Success) ?? new ExecuteCommandResult { Success = true };
    }

    private async Task<ExecuteCommandResult> ExecuteAsync(string id, string command, CancellationToken cancellationToken)
    {
        if (_instances.Find(id) is not { } instance)
            return new ExecuteCommandResult { Success = false, ErrorMessage = $"Resource '{id}' has not been created yet." };
        try
        {
            if (command == KnownResourceCommands.StartCommand)
                instance.Start();
            else if (command == KnownResourceCommands.StopCommand)
                await instance.StopAsync(cancellationToken);
            else if (command == KnownResourceCommands.RestartCommand)
                await instance.RestartAsync(cancellationToken);
            else
                return new ExecuteCommandResult { Success = false, ErrorMessage = $"Command '{command}' not available for resource '{id}'." };

            return new ExecuteCommandResult { Success = true };
        }
        catch (OperationCanceledException)
        {
            return new ExecuteCommandResult { Success = false, Canceled = true };
        }
    }
}
