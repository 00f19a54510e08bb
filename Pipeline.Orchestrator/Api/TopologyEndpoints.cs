using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Pipeline.Client.Runs;

namespace Pipeline.Orchestrator.Api;

/// <summary>/topology: who is registered where.</summary>
internal static class TopologyEndpoints
{
    /// <summary>Name of its events.</summary>
    public const string EventName = "topology";

    /// <summary>Maps the endpoints.</summary>
    public static void MapTopology(this IEndpointRouteBuilder app)
    {
        var topology = app.MapGroup("/topology").WithTags("Topology").ProducesProblem(StatusCodes.Status401Unauthorized);
        topology.MapGet("/", (TopologyReader reader, string? role, CancellationToken cancellationToken) => reader.ReadAsync(role, cancellationToken))
            .WithName("GetTopology").WithSummary("Who is registered where");
        topology.MapGet("/events", (TopologyReader reader, string? role, IHostApplicationLifetime lifetime, CancellationToken cancellationToken) =>
                TypedResults.ServerSentEvents(FollowAsync(reader, role, lifetime, cancellationToken)))
            .WithName("FollowTopology").WithSummary("The topology, again after each change");
    }

    private static async IAsyncEnumerable<SseItem<Topology>> FollowAsync(
        TopologyReader reader, string? role, IHostApplicationLifetime lifetime, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // The server waits for open streams when it stops; this one has no end of its own.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lifetime.ApplicationStopping);
        await using var changes = reader.FollowAsync(role, ending.Token).GetAsyncEnumerator(ending.Token);
        while (await MoveNextAsync())
            yield return new SseItem<Topology>(changes.Current, EventName);

        async Task<bool> MoveNextAsync()
        {
            try
            {
                return await changes.MoveNextAsync();
            }
            catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
            {
                return false;
            }
        }
    }
}
