using Pipeline.Orchestrator.Web;
using Pipeline.Orchestrator.Web.Security;
using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Security;

namespace Pipeline.Orchestrator.Api;

/// <summary>Requires the key for all paths but health and the API's description. It stands before routing: what is added later is guarded too.</summary>
internal static class KeyGate
{
    private const string OpenApi = "/openapi";

    /// <summary>Answers 401 with a problem detail to requests without the header "authorization: Bearer KEY".</summary>
    public static void UseKeyGate(this WebApplication app) => app.Use(async (context, next) =>
    {
        var key = context.RequestServices.GetRequiredService<SharedKey>();
        if (PageSetup.IsPage(context.Request.Path))
        {
            if (PageGate.Admits(context))
                await next(context);
            return;
        }

        if (IsOpen(context.Request.Path) || key.Matches(context.Request.Headers.Authorization))
        {
            await next(context);
            return;
        }

        // A browser without the key is sent to the page of the same name; an unknown name gets the page's own "not found".
        if (IsByBrowser(context.Request))
        {
            context.Response.Redirect(PageSetup.Root + context.Request.Path.ToUriComponent() + context.Request.QueryString);
            return;
        }

        context.Response.Headers.WWWAuthenticate = "Bearer";
        var problem = TypedResults.Problem(
            "The header authorization does not carry this pipeline's key: Bearer KEY.", statusCode: StatusCodes.Status401Unauthorized);
        await problem.ExecuteAsync(context);
    });

    // Fetch Metadata, W3C: all browsers send it with what is typed or clicked, to loopback without TLS too, and nothing else does.
    private static bool IsByBrowser(HttpRequest request) => HttpMethods.IsGet(request.Method)
        && request.Headers.Authorization.Count == 0
        && request.Headers["Sec-Fetch-Mode"] == "navigate";

    private static bool IsOpen(PathString path) => PageSetup.IsOpen(path) ||
        path == HealthPaths.Health || path == HealthPaths.Alive || path.StartsWithSegments(OpenApi, StringComparison.Ordinal);
}
