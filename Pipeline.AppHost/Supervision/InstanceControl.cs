using Microsoft.Extensions.Logging;
using Pipeline.AppHost.Logs;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.AppHost.Supervision;

/// <summary>What a supervisor can do to one replica.</summary>
internal interface IInstanceControl
{
    /// <summary>Asks for a start; returns when it was asked for, not when it has happened.</summary>
    /// <returns>Why it was refused, or null.</returns>
    Task<string?> StartAsync(CancellationToken cancellationToken);

    /// <summary>Kills a process and all its descendants, if it still is that process.</summary>
    /// <returns>Why it could not, or null.</returns>
    string? Kill(ProcessIdentity process);

    /// <summary>What the process wrote about its end.</summary>
    /// <returns>Null where it wrote nothing, or that cannot be read.</returns>
    Task<string?> LastWordsAsync(CancellationToken cancellationToken);

    /// <summary>Shows a decision in the dashboard.</summary>
    /// <param name="decision">Stands among the details.</param>
    /// <param name="state">Stands in the place of the state; null: Aspire's own state does.</param>
    /// <param name="style">Of the state.</param>
    Task ShowAsync(string decision, string? state = null, string? style = null);
}

/// <summary>Acts on a replica through Aspire.</summary>
internal sealed class InstanceControl(
    ResourceNotificationService notifications,
    ResourceCommandService commands,
    ResourceLoggerService logs,
    ILogger log,
    IResource resource,
    string id) : IInstanceControl
{
    private const string Property = "restart";

    /// <summary>Aspire tells when a process was started, a moment after it was.</summary>
    private static readonly TimeSpan StartIsTold = TimeSpan.FromSeconds(1);

    private volatile ResourceStateSnapshot? _shown;

    public async Task<string?> StartAsync(CancellationToken cancellationToken)
    {
        var result = await commands.ExecuteCommandAsync(id, KnownResourceCommands.StartCommand, cancellationToken);
        return result.Success ? null : result.Message ?? "cancelled";
    }

    public string? Kill(ProcessIdentity process) => process.Kill();

    public async Task<string?> LastWordsAsync(CancellationToken cancellationToken)
    {
        var (lines, failure) = await logs.ReadAllAsync(id, cancellationToken);
        // That it was given up is told all the same.
        if (failure is not null)
            log.CommandFailed(id, "reading its output", failure);
        var started = notifications.TryGetCurrentState(id, out var current) ? current.Snapshot.StartTimeStamp?.ToUniversalTime() : null;
        return LastWords.Of(lines, started - StartIsTold);
    }

    public Task ShowAsync(string decision, string? state = null, string? style = null)
    {
        _shown = state is null ? null : new ResourceStateSnapshot(state, style);
        return notifications.PublishUpdateAsync(resource, id, snapshot => snapshot with
        {
            Properties = [.. snapshot.Properties.Where(property => property.Name != Property), new(Property, decision)],
            State = _shown ?? RestartStates.Original(snapshot.State),
        });
    }

    /// <summary>Shows the state again where Aspire, which publishes an ended process more than once, has overwritten it.</summary>
    public Task ShowAgainAsync() => _shown is not { } shown
        ? Task.CompletedTask
        : notifications.PublishUpdateAsync(resource, id, snapshot =>
            KnownResourceStates.TerminalStates.Contains(snapshot.State?.Text) ? snapshot with { State = shown } : snapshot);
}
