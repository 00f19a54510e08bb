using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Pipeline.AppHost.Supervision;

/// <summary>Carries the supervisor's wishes to the host.</summary>
internal sealed class InstanceControl(
    ResourceNotificationService notifications,
    ResourceCommandService commands,
    ResourceLoggerService logs,
    IResource resource,
    string id) : IInstanceControl
{
    private const string Property = "restart";
    private const string ProcessId = "executable.pid";

    /// <summary>The host tells when a process was started, a moment after it was.</summary>
    private static readonly TimeSpan StartIsTold = TimeSpan.FromSeconds(1);

    public Task<string?> StartAsync(CancellationToken cancellationToken) =>
        ExecuteAsync(KnownResourceCommands.StartCommand, cancellationToken);

    // The stop command asks the process first, and Aspire's gives up on one that hangs below its `dotnet run`.
    public async Task<string?> KillAsync(CancellationToken cancellationToken)
    {
        if (!notifications.TryGetCurrentState(id, out var current)
            || current.Snapshot.Properties.FirstOrDefault(property => property.Name == ProcessId)?.Value is not { } processId)
            return await ExecuteAsync(KnownResourceCommands.StopCommand, cancellationToken);

        try
        {
            using var process = Process.GetProcessById(Convert.ToInt32(processId, CultureInfo.InvariantCulture));
            process.Kill(entireProcessTree: true);
            return null;
        }
        catch (ArgumentException)
        {
            // It is gone already.
            return null;
        }
        catch (Exception exception) when (exception is Win32Exception or InvalidOperationException or AggregateException)
        {
            return exception.Message;
        }
    }

    public async Task<string?> LastWordsAsync(CancellationToken cancellationToken)
    {
        var lines = new List<LogLine>();
        await foreach (var batch in logs.GetAllAsync(id).WithCancellation(cancellationToken))
            lines.AddRange(batch);
        var started = notifications.TryGetCurrentState(id, out var current) ? current.Snapshot.StartTimeStamp?.ToUniversalTime() : null;
        return LastWords.Of(lines, started - StartIsTold);
    }

    public Task ShowAsync(string decision, bool gaveUp) => notifications.PublishUpdateAsync(resource, id, snapshot => snapshot with
    {
        Properties = [.. snapshot.Properties.Where(property => property.Name != Property), new ResourcePropertySnapshot(Property, decision)],
        State = gaveUp ? new ResourceStateSnapshot(KnownResourceStates.FailedToStart, "error") : snapshot.State,
    });

    private async Task<string?> ExecuteAsync(string command, CancellationToken cancellationToken)
    {
        var result = await commands.ExecuteCommandAsync(id, command, cancellationToken);
        return result.Success ? null : result.Message ?? "cancelled";
    }
}
