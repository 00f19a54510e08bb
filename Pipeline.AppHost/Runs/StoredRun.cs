using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.AppHost.Runs;

/// <summary>A run as the data directory holds it, readable while there is no orchestrator to ask.</summary>
/// <param name="Id">Its id.</param>
/// <param name="State">Its state, such as "running".</param>
/// <param name="Input">Absolute path of its input.</param>
/// <param name="Output">Absolute path of its results.</param>
internal sealed record StoredRun(string Id, string State, string Input, string Output)
{
    /// <summary>The state of a run whose results are in place.</summary>
    public const string Completed = "completed";

    /// <summary>Whether its orchestrator worked on it when it last wrote the run's state.</summary>
    [JsonIgnore]
    public bool IsActive => State is "pending" or "waiting" or "running" or "draining";

    /// <summary>Reads a run.</summary>
    /// <param name="data">The data directory.</param>
    /// <param name="run">Its id.</param>
    /// <exception cref="PipelineException">It is not there, or cannot be read.</exception>
    public static StoredRun Read(string data, string run)
    {
        var path = Path.Combine(data, "runs", run, "run.json");
        try
        {
            return JsonSerializer.Deserialize<StoredRun>(File.ReadAllText(path), JsonSerializerOptions.Web)
                ?? throw new PipelineException($"'{path}' holds no run");
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new PipelineException($"there is no run {run} in '{data}'");
        }
        catch (JsonException exception)
        {
            throw new PipelineException($"'{path}' cannot be read: {exception.Message}");
        }
    }

    /// <summary>All runs that can be read, newest first.</summary>
    /// <param name="data">The data directory.</param>
    public static IEnumerable<StoredRun> All(string data)
    {
        var folder = new DirectoryInfo(Path.Combine(data, "runs"));
        var ids = folder.Exists ? folder.EnumerateDirectories().Select(run => run.Name).OrderDescending(StringComparer.Ordinal) : Enumerable.Empty<string>();
        foreach (var id in ids)
        {
            if (TryRead(data, id) is { } run)
                yield return run;
        }
    }

    private static StoredRun? TryRead(string data, string id)
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
