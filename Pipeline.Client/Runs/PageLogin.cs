using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Pipeline.Client.Runs;

/// <summary>The link that logs a browser in to the orchestrator's page.</summary>
/// <remarks>
/// The token is made of the pipeline's key, so that everybody who has the key can make the link, and does not tell it: it is an HMAC. It
/// holds as long as the key does, and may be used again, as the one of Aspire's dashboard.
/// </remarks>
public static class PageLogin
{
    /// <summary>Path of the login.</summary>
    public const string Path = "/login";

    /// <summary>Query parameter with the token.</summary>
    public const string TokenParameter = "t";

    /// <summary>The token: HMAC-SHA256 (RFC 2104) of a fixed text, base64url, 43 characters.</summary>
    /// <param name="key">The pipeline's key.</param>
    public static string TokenOf(string key) =>
        Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), "pipeline page login"u8));

    /// <summary>Path and query of the link.</summary>
    /// <param name="key">The pipeline's key.</param>
    public static string LinkOf(string key) => $"{Path}?{TokenParameter}={TokenOf(key)}";
}
