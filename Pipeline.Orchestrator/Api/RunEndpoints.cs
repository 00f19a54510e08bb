using Microsoft.AspNetCore.Http.HttpResults;
using Pipeline.Client.Runs;
using Pipeline.Orchestrator.Routes;
using Pipeline.Orchestrator.Runs;

namespace Pipeline.Orchestrator.Api;

/// <summary>/runs: docs/http-api.md describes it.</summary>
internal static class RunEndpoints
{
    /// <summary>Longest body, bytes: rules of 1 MiB, of which JSON may write each character as six bytes, and a few names.</summary>
    public const long MaxBodyBytes = 8 << 20;

    /// <summary>Maps the endpoints.</summary>
    public static void MapRuns(this IEndpointRouteBuilder app)
    {
        var runs = app.MapGroup("/runs").WithTags("Runs").ProducesProblem(StatusCodes.Status401Unauthorized).RefuseUnknownQueries();
        runs.MapPost("/", CreateAsync).Accepts<RunSettings>("application/json")
            .WithName("CreateRun").WithSummary("Stores a run and starts it; with dryRun=true only checks that it could")
            .Fails(
                StatusCodes.Status409Conflict, StatusCodes.Status413PayloadTooLarge,
                StatusCodes.Status415UnsupportedMediaType, StatusCodes.Status503ServiceUnavailable);
        runs.MapGet("/", (RunService service) => TypedResults.Ok<IReadOnlyList<Run>>([.. service.List().Select(run => run.Brief())]))
            .WithName("ListRuns").WithSummary("All runs, newest first");
        runs.MapGet("/{id}", Get).WithName("GetRun").WithSummary("One run").Fails(StatusCodes.Status404NotFound);
        runs.MapGet("/{id}/events", Follow).WithName("FollowRun").WithSummary("What happens to a run, until it rests")
            .Fails(StatusCodes.Status404NotFound);
        runs.MapDelete("/{id}", Delete).WithName("DeleteRun").WithSummary("Deletes a run that rests, with all that is in its folder")
            .Fails(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict, StatusCodes.Status503ServiceUnavailable);
        runs.MapPost("/{id}/pause", (string id, RunService service) => ChangeAsync(id, service, service.PauseAsync))
            .WithName("PauseRun").WithSummary("Drains a run to a checkpoint, to go on later")
            .Fails(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict, StatusCodes.Status503ServiceUnavailable);
        runs.MapPost("/{id}/cancel", (string id, RunService service) => ChangeAsync(id, service, service.CancelAsync))
            .WithName("CancelRun").WithSummary("Drains a run to a checkpoint, and gives it up")
            .Fails(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict, StatusCodes.Status503ServiceUnavailable);
        runs.MapPost("/{id}/resume", (string id, RunService service, bool allowUpgrade = false) =>
                ChangeAsync(id, service, run => Task.FromResult(service.Resume(run, allowUpgrade))))
            .WithName("ResumeRun")
            .WithSummary("Goes on from the last committed checkpoint; with allowUpgrade=true also by other implementations than it began with")
            .Fails(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict, StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<Results<Created<Run>, Ok<RunCheck>, NoContent, ValidationProblem, ProblemHttpResult>> CreateAsync(
        HttpRequest request, RunService service, StageChecks stages, CancellationToken cancellationToken, bool dryRun = false)
    {
        var (settings, errors) = await RunSettingsReader.ReadAsync(request.Body, cancellationToken);
        if (!HasError("body"))
            AddForOtherFields(RunSettingsCheck.Check(settings));
        // Which columns there are depends on the rules, and who is asked on the route.
        if (!HasError("body") && !HasError("rules") && !HasError("route"))
            AddForOtherFields(await stages.CheckAsync(settings, cancellationToken));
        if (errors.Count > 0)
            return Problems.Of(errors);
        try
        {
            if (dryRun)
            {
                service.RequireCreatable(settings);
                return stages.Missing(settings) is { Count: > 0 } missing ? TypedResults.Ok(new RunCheck(missing)) : TypedResults.NoContent();
            }

            var run = service.Create(settings);
            return TypedResults.Created($"/runs/{run.Id}", run);
        }
        catch (RunConflictException error)
        {
            return Problems.Of(error);
        }

        bool HasError(string field) => errors.Any(error => error.Field == field);

        // One error for a field is enough: a value that cannot be read, or is out of range, is not checked further.
        void AddForOtherFields(IEnumerable<FieldError> more) => errors.AddRange([.. more.Where(error => !HasError(error.Field))]);
    }

    private static Results<Ok<Run>, ProblemHttpResult> Get(string id, RunService service) =>
        service.TryGet(id, out var run) ? TypedResults.Ok(run.Current.Value) : Problems.NoRun(id);

    private static Results<NoContent, ProblemHttpResult> Delete(string id, RunService service)
    {
        if (!service.TryGet(id, out _))
            return Problems.NoRun(id);
        try
        {
            service.Delete(id);
            return TypedResults.NoContent();
        }
        catch (RunConflictException error)
        {
            return Problems.Of(error);
        }
    }

    private static Results<ServerSentEventsResult<Run>, ProblemHttpResult> Follow(string id, RunService service, CancellationToken cancellationToken) =>
        service.TryGet(id, out var run) ? TypedResults.ServerSentEvents(RunEvents.FollowAsync(run, service.Stopped, cancellationToken)) : Problems.NoRun(id);

    private static async Task<Results<Accepted<Run>, ProblemHttpResult>> ChangeAsync(string id, RunService service, Func<string, Task<Run>> change)
    {
        if (!service.TryGet(id, out _))
            return Problems.NoRun(id);
        try
        {
            return TypedResults.Accepted($"/runs/{id}", await change(id));
        }
        catch (RunConflictException error)
        {
            return Problems.Of(error);
        }
    }
}
