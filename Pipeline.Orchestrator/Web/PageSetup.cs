using Microsoft.AspNetCore.HostFiltering;
using Microsoft.FluentUI.AspNetCore.Components;
using Pipeline.Orchestrator.Api;
using Pipeline.Orchestrator.Web.Components;
using Pipeline.Orchestrator.Web.Security;
using Pipeline.Orchestrator.Web.Views;

namespace Pipeline.Orchestrator.Web;

/// <summary>The page on which people watch runs and start them.</summary>
internal static class PageSetup
{
    /// <summary>Path of the page's parts; its start is at "/".</summary>
    public const string Root = "/ui";

    // Names of loopback only: a page of another site cannot reach this one by a name of its own that it lets lead here (DNS rebinding).
    private static readonly string[] Hosts = ["127.0.0.1", "localhost", "*.localhost", "[::1]"];

    /// <summary>Adds Blazor, its components, and the login.</summary>
    public static void AddPages(this WebApplicationBuilder builder)
    {
        // Also where the environment is not Development: the services are started from what the build made.
        builder.WebHost.UseStaticWebAssets();
        // It warns that the keys of the cookies are stored as they are; their folder is the user's alone, as the pipeline's key is.
        builder.Logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
        var services = builder.Services;
        services.Configure<HostFilteringOptions>(options => options.AllowedHosts = Hosts);
        services.AddPageLogin();
        services.AddAntiforgery(options => options.SuppressXFrameOptionsHeader = true);
        // Rules that the API takes can also be typed here.
        services.AddRazorComponents().AddInteractiveServerComponents().AddHubOptions(options => options.MaximumReceiveMessageSize = RunEndpoints.MaxBodyBytes);
        services.AddFluentUIComponents();
        services.AddSingleton<RootFolders>();
        services.AddHostedService<Leftovers>();
        services.AddSingleton<Uploads>();
        services.AddSingleton<Demonstration>();
        services.AddSingleton<FaultActions>();
    }

    /// <summary>Stands before the key's gate: who has logged in needs no key for the page.</summary>
    public static void UsePages(this WebApplication app)
    {
        app.UseMiddleware<ContentSecurity>();
        app.UseAuthentication();
    }

    /// <summary>Maps the page, its files, and its login.</summary>
    public static void MapPages(this WebApplication app)
    {
        app.UseAntiforgery();
        app.MapStaticAssets();
        app.MapPageLogin();
        app.MapRunFiles();
        app.MapRazorComponents<App>()
            .AddInteractiveServerRenderMode(options => options.ContentSecurityFrameAncestorsPolicy = null);
    }

    /// <summary>Whether a path belongs to the page, so that a login opens it.</summary>
    public static bool IsPage(PathString path) =>
        path == "/" || path.StartsWithSegments(Root, StringComparison.Ordinal) || path.StartsWithSegments("/_blazor", StringComparison.Ordinal);

    /// <summary>Whether a path is open to everybody: the login and static files, which tell nothing of this pipeline.</summary>
    public static bool IsOpen(PathString path) =>
        path == PageLoginEndpoints.Path
        || path.StartsWithSegments("/_framework", StringComparison.Ordinal)
        || path.StartsWithSegments("/_content", StringComparison.Ordinal)
        || path.StartsWithSegments("/static", StringComparison.Ordinal);
}
