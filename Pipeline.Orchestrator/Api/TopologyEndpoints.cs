using Microsoft.AspNetCore.Http.HttpResults;
using Pipeline.Orchestrator.Instances;

namespace Pipeline.Orchestrator.Api;

/// <summary>/topology: who is registered where, and who is to leave.</summary>
internal static class TopologyEndpoints
{
    private const string EventName = "topology";

    /// <summary>Maps the endpoints.</summary>
    public static void MapTopology(this IEndpointRouteBuilder app)
    {
        var topology = app.MapGroup("/topology").WithTags("Topology").ProducesProblem(StatusCodes.Status401Unauthorized).RefuseUnknownQueries();
        topology.MapGet("/", (TopologyReader reader, string? role, CancellationToken cancellationToken) => reader.ReadAsync(role, cancellationToken))
            .WithName("GetTopology").WithSummary("Who is registered where");
        topology.MapGet("/events", (TopologyReader reader, string? role, IHostApplicationLifetime lifetime, CancellationToken cancellationToken) =>
                // The server waits for open streams when it stops; this one has no end of its own.
                TypedResults.ServerSentEvents(reader.FollowAsync(role, lifetime.ApplicationStopping, cancellationToken), EventName))
            .WithName("FollowTopology").WithSummary("The topology, again after each change");
        topology.MapPost("/{name}/stop", (string name, StageCommands stages) => AnswerAsync(stages.StopAsync(name)))
            .WithName("StopStage").WithSummary("Takes an instance out, by its id or role: runs go on with another, and its process is asked to end")
            .Fails(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict, StatusCodes.Status503ServiceUnavailable);
        topology.MapPost("/{role}/replace", (string role, StageCommands stages, string? with = null, bool stopOld = false) =>
                AnswerAsync(stages.ReplaceAsync(role, with, stopOld)))
            .WithName("ReplaceStage").WithSummary("Has another implementation take over a role in all active runs")
            .Fails(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict, StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<Results<Ok<T>, ProblemHttpResult>> AnswerAsync<T>(Task<T> work)
    {
        try
        {
            return TypedResults.Ok(await work);
        }
        catch (InstanceChoiceException error)
        {
            return TypedResults.Problem(error.Message, statusCode: error.IsUnknown ? StatusCodes.Status404NotFound : StatusCodes.Status409Conflict);
        }
    }
}
