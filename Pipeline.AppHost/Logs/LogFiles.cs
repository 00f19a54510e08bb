using System.Text.RegularExpressions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pipeline.AppHost.Configuration;

namespace Pipeline.AppHost.Logs;

/// <summary>
/// Keeps the output of each process in a file of its own below DATA/logs; not of Aspire's hidden ones, such as the dashboard with its
/// login token.
/// </summary>
internal sealed partial class LogFiles(
    ResourceNotificationService notifications,
    ResourceLoggerService logs,
    PipelineDirectories directories,
    ILogger<LogFiles> log) : BackgroundService
{
    private readonly Dictionary<string, int> _replicas = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var known = new HashSet<string>();
        var writers = new List<Task>();
        try
        {
            await foreach (var change in notifications.WatchAsync(stoppingToken))
            {
                if (change is { Resource: ProjectResource or ExecutableResource, Snapshot.IsHidden: false } && known.Add(change.ResourceId))
                    writers.Add(WriteAsync(change.ResourceId, FileOf(change.Resource.Name), stoppingToken));
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await Task.WhenAll(writers);
        }
    }

    /// <summary>A line without the escape codes of terminals (ECMA-48).</summary>
    internal static string Plain(string line) => EscapeCode().Replace(line, "");

    private string FileOf(string resource)
    {
        var replica = _replicas[resource] = _replicas.GetValueOrDefault(resource) + 1;
        return Path.Combine(directories.Logs, replica == 1 ? $"{resource}.log" : $"{resource}-{replica}.log");
    }

    private async Task WriteAsync(string id, string path, CancellationToken stoppingToken)
    {
        try
        {
            await using var file = new RotatingFile(path);
            // Begins the file, also where the process writes nothing.
            var isKept = await TryWriteAsync(file, [], path, tells: true);
            await foreach (var lines in logs.WatchAsync(id).WithCancellation(stoppingToken))
                isKept = await TryWriteAsync(file, lines, path, isKept);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The AppHost stops.
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The last lines, on a disk that is still full.
            log.CannotWrite(path, exception.Message);
        }
    }

    // Goes on after a failure: a full disk may have space again. Told once until a write succeeds.
    private async Task<bool> TryWriteAsync(RotatingFile file, IEnumerable<LogLine> lines, string path, bool tells)
    {
        try
        {
            await file.WriteAsync(lines.Select(line => Plain(line.Content)));
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            if (tells)
                log.CannotWrite(path, exception.Message);
            return false;
        }
    }

    // CSI, then OSC up to its end, then the codes of two characters.
    [GeneratedRegex(@"\x1B(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1B]*(\x07|\x1B\\)?|[@-Z\\^_])")]
    private static partial Regex EscapeCode();
}

internal static partial class LogFilesLog
{
    [LoggerMessage(1, LogLevel.Warning, "Output is missing in {Path}: {Reason}")]
    public static partial void CannotWrite(this ILogger logger, string path, string reason);
}
