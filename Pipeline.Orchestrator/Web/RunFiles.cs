using Microsoft.AspNetCore.Http.HttpResults;
using Pipeline.Client.Runs;
using Pipeline.Orchestrator.Api;
using Pipeline.Orchestrator.Runs;

namespace Pipeline.Orchestrator.Web;

/// <summary>What the page lets people download: results and rejects, while they are what the run wrote.</summary>
internal static class RunFiles
{
    /// <summary>Maps the downloads.</summary>
    public static void MapRunFiles(this IEndpointRouteBuilder app)
    {
        app.MapGet(PageSetup.Root + "/runs/{id}/results", (string id, RunService runs) => Send(id, runs, run => run.Output)).ExcludeFromDescription();
        app.MapGet(PageSetup.Root + "/runs/{id}/rejects", (string id, RunService runs) => Send(id, runs, run => run.Rejects)).ExcludeFromDescription();
    }

    /// <summary>Whether a file is still the one that a run wrote.</summary>
    public static bool IsUnchanged(Run run, string path) => run.Written.Any(file => file.Is(path));

    private static Results<PhysicalFileHttpResult, ProblemHttpResult> Send(string id, RunService runs, Func<Run, string?> pathOf)
    {
        if (!runs.TryGet(id, out var found))
            return Problems.NoRun(id);
        var run = found.Current.Value;
        return pathOf(run) is { } path && IsUnchanged(run, path)
            ? TypedResults.PhysicalFile(path, "application/octet-stream", $"{id}-{Path.GetFileName(path)}", enableRangeProcessing: true)
            : TypedResults.Problem($"Run {id} has no such file, or it was changed since.", statusCode: StatusCodes.Status404NotFound);
    }
}
