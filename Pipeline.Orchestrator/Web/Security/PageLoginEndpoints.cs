using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using Pipeline.Client.Runs;
using Pipeline.ServiceDefaults.Security;

namespace Pipeline.Orchestrator.Web.Security;

/// <summary>/login: takes the token from the link, or from a form.</summary>
internal static class PageLoginEndpoints
{
    /// <summary>Its path.</summary>
    public const string Path = PageLogin.Path;

    /// <summary>Query parameter with the page to go to.</summary>
    public const string ReturnParameter = "returnUrl";

    /// <summary>
    /// Maps the form's answer; the form itself and the link are <see cref="Pages.Login"/>. It has no antiforgery token, which would be that of the former key
    /// where the form was opened before a restart: another site would need the login's token to send it, and whoever has that can log in anyway.
    /// </summary>
    public static void MapPageLogin(this IEndpointRouteBuilder app) =>
        app.MapPost(Path, async Task<IResult> (
            [FromForm] string token, [FromForm] string? returnUrl, HttpContext context, IOptions<SharedKeyOptions> key) =>
        {
            // The whole link holds it as well.
            if (!IsToken(token.Trim().Split($"{Path}?{PageLogin.TokenParameter}=")[^1], key.Value))
                return TypedResults.LocalRedirect($"{Path}?wrong=true&{ReturnParameter}={Uri.EscapeDataString(LocalOf(returnUrl))}");
            await context.SignInAsync();
            return TypedResults.LocalRedirect(LocalOf(returnUrl));
        }).DisableAntiforgery().ExcludeFromDescription();

    /// <summary>Whether a text is this pipeline's token. Takes the same time whatever differs.</summary>
    public static bool IsToken(string? text, SharedKeyOptions key) => SharedKey.AreEqual(text ?? "", PageLogin.TokenOf(key.Key));

    /// <summary>A path of this page; the start where it is none.</summary>
    public static string LocalOf(string? url) =>
        url is ['/', ..] and not ['/', '/' or '\\', ..] && PageSetup.IsPage(url.Split('?', '#')[0]) ? url : "/";
}
