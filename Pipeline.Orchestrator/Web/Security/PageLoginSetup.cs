using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.Extensions.Options;
using Pipeline.Client.Runs;
using Pipeline.Orchestrator.Runs;
using Pipeline.ServiceDefaults.Security;

namespace Pipeline.Orchestrator.Web.Security;

/// <summary>The login of the page: a cookie for whoever has had the token.</summary>
internal static class PageLoginSetup
{
    private const string AntiforgeryCookies = ".pipeline.antiforgery.";

    /// <summary>Adds cookies that only this pipeline's key makes valid.</summary>
    public static void AddPageLogin(this IServiceCollection services)
    {
        // In the data directory, so that a page stays logged in when the orchestrator is restarted.
        services.AddDataProtection();
        services.AddOptions<DataProtectionOptions>().Configure<IOptions<SharedKeyOptions>>((options, key) =>
            options.ApplicationDiscriminator = "pipeline " + PageLogin.TokenOf(key.Value.Key));
        services.AddOptions<KeyManagementOptions>().Configure<RunStore, ILoggerFactory>(
            (options, store, logs) => options.XmlRepository =
                new FileSystemXmlRepository(store.CreatePrivateFolder(RunStore.PageKeys), logs));
        services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(options =>
        {
            options.Cookie.HttpOnly = true;
            options.Cookie.SameSite = SameSiteMode.Strict;
            options.Cookie.IsEssential = true;
            options.ExpireTimeSpan = TimeSpan.FromDays(1);
            options.SlidingExpiration = true;
        });
        // Browsers send a cookie to all ports of a host: pipelines side by side need names of their own, as they have data directories.
        services.AddOptions<CookieAuthenticationOptions>(CookieAuthenticationDefaults.AuthenticationScheme).Configure<RunStore>((options, store) =>
            options.Cookie.Name = $".pipeline.{HashOf(store.Root)}");
        // This one also for each key: one that cannot be decrypted is logged as an error.
        services.AddOptions<AntiforgeryOptions>().Configure<RunStore, IOptions<SharedKeyOptions>>((options, store, key) =>
            options.Cookie.Name = $"{AntiforgeryCookies}{HashOf(store.Root + PageLogin.TokenOf(key.Value.Key))}");
    }

    private static string HashOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 4));

    /// <summary>Logs the browser in.</summary>
    public static Task SignInAsync(this HttpContext context)
    {
        // Those of former keys: each start makes one, and a browser sends them all. Another pipeline's is made again by its next page.
        var own = context.RequestServices.GetRequiredService<IOptions<AntiforgeryOptions>>().Value.Cookie.Name;
        foreach (var former in context.Request.Cookies.Keys.Where(name => name.StartsWith(AntiforgeryCookies, StringComparison.Ordinal) && name != own))
            context.Response.Cookies.Delete(former);
        var identity = new ClaimsIdentity([new Claim(ClaimTypes.Name, "pipeline")], CookieAuthenticationDefaults.AuthenticationScheme);
        return context.SignInAsync(CookieAuthenticationDefaults.AuthenticationScheme, new ClaimsPrincipal(identity));
    }
}
