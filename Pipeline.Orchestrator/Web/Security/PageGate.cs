using Pipeline.ServiceDefaults.Endpoints;

namespace Pipeline.Orchestrator.Web.Security;

/// <summary>Decides about requests to the page: who has logged in gets it, others are led to the login.</summary>
internal static class PageGate
{
    /// <summary>Whether the request may go on; where it may not, it is answered.</summary>
    public static bool Admits(HttpContext context)
    {
        if (context.User.Identity?.IsAuthenticated == true && IsSameOrigin(context.Request))
        {
            // Its web socket stays open for as long as the page does.
            context.Features.Get<IUnadmittedConnection>()?.Admit();
            return true;
        }

        var request = context.Request;
        if (!HttpMethods.IsGet(request.Method) || request.Path.StartsWithSegments("/_blazor", StringComparison.Ordinal))
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        }
        else
        {
            context.Response.Redirect(
                $"{PageLoginEndpoints.Path}?{PageLoginEndpoints.ReturnParameter}={Uri.EscapeDataString(request.Path + request.QueryString)}");
        }

        return false;
    }

    // A web socket may be opened by the page of another port of this host, to which the browser sends the same cookies.
    private static bool IsSameOrigin(HttpRequest request) =>
        request.Headers.Origin is not [{ } origin] || (Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Authority == request.Host.Value);
}
