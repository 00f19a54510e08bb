using System.Text.Json;
using Pipeline.Client.Runs;

namespace Pipeline.AppHost.Runs;

/// <summary>Runs as the data directory holds them, readable while there is no orchestrator to ask.</summary>
internal static class StoredRuns
{
    /// <summary>Reads a run.</summary>
    /// <param name="data">The data directory.</param>
    /// <param name="run">Its id.</param>
    /// <exception cref="PipelineException">It is not there, or cannot be read.</exception>
    public static Run Read(string data, string run)
    {
        var folder = Path.Combine(data, "runs", run);
        try
        {
            return RunStateFile.Read(folder) ?? throw new PipelineException($"'{RunStateFile.LatestIn(folder)}' holds no run");
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new PipelineException($"there is no run {run} in '{data}'");
        }
        catch (JsonException exception)
        {
            throw new PipelineException($"the run in '{folder}' cannot be read: {exception.Message}");
        }
    }

    /// <summary>All runs that can be read, newest first.</summary>
    /// <param name="data">The data directory.</param>
    public static IEnumerable<Run> All(string data)
    {
        var folder = new DirectoryInfo(Path.Combine(data, "runs"));
        var ids = folder.Exists ? folder.EnumerateDirectories().Select(run => run.Name).OrderDescending(StringComparer.Ordinal) : Enumerable.Empty<string>();
        foreach (var id in ids)
        {
            if (TryRead(data, id) is { } run)
                yield return run;
        }
    }

    private static Run? TryRead(string data, string id)
    {
        try
        {
            return Read(data, id);
        }
        catch (Exception exception) when (exception is PipelineException or IOException or UnauthorizedAccessException)
        {
            // A folder without a readable run has nothing to list.
            return null;
        }
    }
}
