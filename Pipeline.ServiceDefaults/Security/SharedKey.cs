using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace Pipeline.ServiceDefaults.Security;

/// <summary>Compares the key that a call carries with the one that this service was started with.</summary>
public sealed class SharedKey(IOptions<SharedKeyOptions> options)
{
    /// <summary>What a caller sends in the header "authorization".</summary>
    // The key is read at the first call and not before, so that a missing one is told at start together with all other errors.
    public string HeaderValue => "Bearer " + options.Value.Key;

    /// <summary>True where the value of the header "authorization" is the right one. Takes the same time whatever differs.</summary>
    public bool Matches(string? authorization) => AreEqual(authorization ?? "", HeaderValue);

    /// <summary>Compares a text with a secret. Takes the same time whatever differs.</summary>
    public static bool AreEqual(string text, string secret) => CryptographicOperations.FixedTimeEquals(Hash(text), Hash(secret));

    // Hashes have one length: comparing them tells nothing about the secret's length either.
    private static byte[] Hash(string value) => SHA256.HashData(Encoding.UTF8.GetBytes(value));
}

/// <summary>The secret that all services of one pipeline share; read from PIPELINE_KEY. There is no default.</summary>
public sealed class SharedKeyOptions
{
    /// <summary>Environment variable and configuration key.</summary>
    public const string Variable = "PIPELINE_KEY";

    private const string Pattern = "[!-~]{1,512}";

    /// <summary>1 to 512 visible ASCII characters, so that it fits into a header as it is.</summary>
    [Required(ErrorMessage = $"{Variable} is not set: every service needs the key that its pipeline shares, such as one from `openssl rand -hex 32`.")]
    [RegularExpression(Pattern, ErrorMessage = $"{Variable} must be 1 to 512 visible ASCII characters.")]
    public string Key { get; set; } = "";

    /// <summary>Whether a text can be a key.</summary>
    public static bool IsKey(string? text) => text is not null && Regex.IsMatch(text, $"^{Pattern}\\z");
}
