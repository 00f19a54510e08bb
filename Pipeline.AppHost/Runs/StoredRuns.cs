using System.Text.Json;
using Pipeline.Client.Runs;

namespace Pipeline.AppHost.Runs;

/// <summary>Runs as the data directory and a cluster's storage hold them, readable while there is no orchestrator to ask.</summary>
internal static class StoredRuns
{
    /// <summary>Reads a run.</summary>
    /// <param name="stores">The data directory, and the cluster's storage where there is one.</param>
    /// <param name="run">Its id.</param>
    /// <exception cref="PipelineException">It is not there, or cannot be read.</exception>
    public static Run Read(IReadOnlyList<string> stores, string run)
    {
        var folders = stores.Select(store => Path.Combine(store, "runs", run));
        return Read(folders.FirstOrDefault(Directory.Exists) ?? throw new PipelineException($"there is no run {run} in '{string.Join("' or '", stores)}'"));
    }

    /// <summary>All runs that can be read, newest first.</summary>
    /// <param name="stores">As above.</param>
    /// <param name="since">Only those that were stored since then are read; null = all.</param>
    public static IEnumerable<Run> All(IEnumerable<string> stores, DateTimeOffset? since = null)
    {
        var folders = stores.Select(store => new DirectoryInfo(Path.Combine(store, "runs"))).Where(folder => folder.Exists);
        // The name of one that is being deleted begins with a dot.
        var stored = folders.SelectMany(folder => folder.EnumerateDirectories())
            .Where(folder => folder.Name[0] != '.' && (since is null || folder.LastWriteTimeUtc >= since));
        foreach (var folder in stored.OrderByDescending(folder => folder.Name, StringComparer.Ordinal))
        {
            if (TryRead(folder.FullName) is { } run)
                yield return run;
        }
    }

    private static Run Read(string folder)
    {
        try
        {
            return RunStateFile.Read(folder) ?? throw new PipelineException($"'{RunStateFile.LatestIn(folder)}' holds no run");
        }
        catch (JsonException exception)
        {
            throw new PipelineException($"the run in '{folder}' cannot be read: {exception.Message}");
        }
    }

    private static Run? TryRead(string folder)
    {
        try
        {
            return Read(folder);
        }
        catch (Exception exception) when (exception is PipelineException or IOException or UnauthorizedAccessException)
        {
            // A folder without a readable run has nothing to list.
            return null;
        }
    }
}
