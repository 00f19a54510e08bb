using System.Text.Json;

namespace Pipeline.AppHost.Runs;

/// <summary>Reads a run from the data directory, before there is an orchestrator to ask: what it holds is what the orchestrator tells.</summary>
internal static class StoredRun
{
    /// <exception cref="PipelineException">It is not there, or cannot be read.</exception>
    public static RunView Read(string data, string run)
    {
        var path = Path.Combine(data, "runs", run, "run.json");
        try
        {
            return JsonSerializer.Deserialize<RunView>(File.ReadAllText(path), JsonSerializerOptions.Web)
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
}
