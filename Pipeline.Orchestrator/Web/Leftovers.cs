using Pipeline.Orchestrator.Runs;

namespace Pipeline.Orchestrator.Web;

/// <summary>Deletes what an orchestrator that was killed has left of uploads and of the demonstration in one process.</summary>
/// <remarks>
/// At the start: the store's lock says that no other orchestrator works here, and the server, which starts last, takes no upload yet.
/// </remarks>
internal sealed partial class Leftovers(RunStore store, ILogger<Leftovers> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        DeleteIn(Uploads.Folder, entry => entry is FileInfo && Uploads.IsUnfinished(entry.Name));
        DeleteIn(RunStore.Demonstrations, entry => entry is DirectoryInfo);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void DeleteIn(string name, Func<FileSystemInfo, bool> isLeft)
    {
        var folder = new DirectoryInfo(store.PathOf(name));
        if (!folder.Exists)
            return;
        Try(folder, () =>
        {
            foreach (var entry in folder.GetFileSystemInfos().Where(isLeft))
                Try(entry, () => Delete(entry));
        });
    }

    private static void Delete(FileSystemInfo entry)
    {
        if (entry is DirectoryInfo folder)
            folder.Delete(recursive: true);
        else
            entry.Delete();
    }

    private void Try(FileSystemInfo place, Action act)
    {
        try
        {
            act();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It only takes up space; the next start tries again.
            LogKept(logger, place.FullName, error.Message);
        }
    }

    [LoggerMessage(EventId = 3070, Level = LogLevel.Warning, Message = "{Path}, left by an earlier orchestrator, cannot be deleted: {Reason}")]
    private static partial void LogKept(ILogger logger, string path, string reason);
}
