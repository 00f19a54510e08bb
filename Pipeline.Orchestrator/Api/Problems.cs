using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;
using Pipeline.Client.Runs;
using Pipeline.Contracts;
using Pipeline.Orchestrator.Runs;

namespace Pipeline.Orchestrator.Api;

/// <summary>Errors as problem details (RFC 9457).</summary>
internal static class Problems
{
    /// <summary>400, with every field that is wrong.</summary>
    public static ValidationProblem Of(IReadOnlyCollection<FieldError> errors) => TypedResults.ValidationProblem(
        errors.GroupBy(error => error.Field).ToDictionary(group => group.Key, group => group.Select(error => error.Detail).ToArray()),
        detail: string.Join(" ", errors.Select(error => $"{error.Field} {error.Detail}.")),
        title: "Bad Request");

    /// <summary>Problem details that a call may answer, for the API's description.</summary>
    public static RouteHandlerBuilder Fails(this RouteHandlerBuilder builder, params ReadOnlySpan<int> statuses)
    {
        foreach (var status in statuses)
            builder.ProducesProblem(status);
        return builder;
    }

    /// <summary>Has a call refused whose query has a name that no parameter has: a name that is mistyped would be passed over in silence.</summary>
    public static RouteGroupBuilder RefuseUnknownQueries(this RouteGroupBuilder group) => group
        .ProducesProblem(StatusCodes.Status400BadRequest)
        .AddEndpointFilterFactory((context, next) =>
        {
            var names = context.MethodInfo.GetParameters()
                .Where(parameter => parameter.ParameterType == typeof(string) || parameter.ParameterType == typeof(bool))
                .Select(parameter => parameter.Name!).ToHashSet(StringComparer.OrdinalIgnoreCase);
            return async invocation => invocation.HttpContext.Request.Query.Keys.FirstOrDefault(
                key => !names.Contains(key) || invocation.HttpContext.Request.RouteValues.ContainsKey(key)) is { } unknown
                ? TypedResults.Problem(
                    $"'{unknown}' is no parameter of this call; /openapi/v1.json describes what there is.", statusCode: StatusCodes.Status400BadRequest)
                : await next(invocation);
        });

    /// <summary>Says what to do about a status that routing answers by itself.</summary>
    public static void Describe(ProblemDetailsContext context) => context.ProblemDetails.Detail ??= context.ProblemDetails.Status switch
    {
        StatusCodes.Status404NotFound => "There is nothing at this path; /openapi/v1.json describes what there is.",
        StatusCodes.Status405MethodNotAllowed =>
            $"{context.HttpContext.Request.Method} is not answered at this path; the header Allow lists what is, and /openapi/v1.json which paths there are.",
        StatusCodes.Status415UnsupportedMediaType => "The body must be JSON, with the header content-type: application/json.",
        _ => null,
    };

    /// <summary>404. Routing leaves an escaped slash as it is.</summary>
    public static ProblemHttpResult NoRun(string id) =>
        TypedResults.Problem($"There is no run {id.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase)}.", statusCode: StatusCodes.Status404NotFound);

    /// <summary>409.</summary>
    public static ProblemHttpResult Of(RunConflictException error) =>
        TypedResults.Problem(error.Message, statusCode: StatusCodes.Status409Conflict);
}

/// <summary>What is thrown and not caught elsewhere, as problem details: nothing of it but what a caller can act on.</summary>
internal sealed partial class ProblemExceptionHandler(IProblemDetailsService problems, ILogger<ProblemExceptionHandler> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext context, Exception exception, CancellationToken cancellationToken)
    {
        var (status, detail) = exception switch
        {
            BadHttpRequestException bad => (bad.StatusCode, bad.Message),
            StageException stage => (StatusCodes.Status503ServiceUnavailable, stage.Message),
            _ => (StatusCodes.Status500InternalServerError, "The orchestrator's log tells more."),
        };
        if (status == StatusCodes.Status500InternalServerError)
            LogDefect(logger, context.Request.Method, context.Request.Path.Value ?? "", exception);
        context.Response.StatusCode = status;
        return await problems.TryWriteAsync(new ProblemDetailsContext
        {
            HttpContext = context,
            ProblemDetails = { Status = status, Detail = detail },
        });
    }

    [LoggerMessage(EventId = 3020, Level = LogLevel.Error, Message = "{Method} {Path} failed for a reason that is a defect")]
    private static partial void LogDefect(ILogger logger, string method, string path, Exception exception);
}
