using System.Text.RegularExpressions;

namespace Pipeline.AppHost.Configuration;

/// <summary>Names of settings and variables whose values are shown nowhere, and stand in no file that others can read.</summary>
internal static partial class SecretNames
{
    /// <summary>Whether a name is one of them, as a setting (<c>Cluster:ConnectionString</c>) or as a variable (<c>Cluster__ConnectionString</c>).</summary>
    public static bool Has(string name) => Pattern().IsMatch(name);

    // Such as PIPELINE_KEY, Pipeline:Key, Cluster__ConnectionString, OTEL_EXPORTER_OTLP_HEADERS.
    [GeneratedRegex("([_:]KEY|ConnectionString|Password|Secret|Token|_HEADERS)$", RegexOptions.IgnoreCase)]
    private static partial Regex Pattern();
}
