using System.Text.RegularExpressions;

namespace Pipeline.AppHost.Configuration;

/// <summary>Names of settings and variables whose values are shown nowhere, and stand in no file that others can read.</summary>
internal static partial class SecretNames
{
    /// <summary>
    /// Whether a name is one of them, as a setting (<c>Cluster:ConnectionString</c>) or as a variable (<c>Cluster__ConnectionString</c>), or the value is an
    /// address with a password.
    /// </summary>
    public static bool Has(string name, string? value) =>
        Pattern().IsMatch(name) || (Uri.TryCreate(value, UriKind.Absolute, out var address) && address.UserInfo.Contains(':', StringComparison.Ordinal));

    // Such as PIPELINE_KEY, Pipeline:Key, Service__ApiKey, Cluster__ConnectionString, ConnectionStrings__Main, OTEL_EXPORTER_OTLP_HEADERS;
    // Cluster__CertificateKey is a path.
    [GeneratedRegex(
        "([_:]KEY|(Api|Access|Account|Private)_?Key|ConnectionString|Passw(or)?d|Secret|Token|Credentials?|_HEADERS)$|(^|-|[_:])ConnectionStrings(:|__)",
        RegexOptions.IgnoreCase)]
    private static partial Regex Pattern();
}
