using Pipeline.Client.Runs;

namespace Pipeline.Bench.Services;

/// <summary>Waits for the endpoint file that the orchestrator writes once it serves. It appears whole, by rename.</summary>
internal static class EndpointFileWatch
{
    public static async Task<EndpointFile> WaitAsync(string path, CancellationToken cancellationToken)
    {
        var there = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var watcher = new FileSystemWatcher(Path.GetDirectoryName(path)!, Path.GetFileName(path));
        watcher.Created += (_, _) => there.TrySetResult();
        watcher.Renamed += (_, _) => there.TrySetResult();
        watcher.EnableRaisingEvents = true;
        if (!File.Exists(path))
            await there.Task.WaitAsync(cancellationToken);
        return EndpointFile.Read(path)!;
    }
}
