namespace Pipeline.Orchestrator.Web.Security;

/// <summary>Tells the browser what the page may load and who may show it in a frame: nothing but this origin, and nobody.</summary>
internal sealed class ContentSecurity(RequestDelegate next)
{
    // Fluent UI and ECharts set styles on elements; scripts are files of this origin only.
    private const string Policy =
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
        + "connect-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

    /// <summary>Adds the headers to what the page answers.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        if (PageSetup.IsPage(context.Request.Path) || PageSetup.IsOpen(context.Request.Path))
        {
            var headers = context.Response.Headers;
            headers.ContentSecurityPolicy = Policy;
            headers.XContentTypeOptions = "nosniff";
            headers["Referrer-Policy"] = "no-referrer";
        }

        return next(context);
    }
}
