using Pipeline.Contracts;
using Pipeline.Contracts.Broker.V1;

namespace Pipeline.Client.Runs;

/// <summary>What carries out a role: results are the same bytes only as long as it stays the same, or computes the same.</summary>
/// <param name="Role">The role.</param>
/// <param name="Version">Version of the program.</param>
/// <param name="Language">Its language.</param>
/// <param name="OptionsDigest">Of those settings of its process that change results; null: it tells none.</param>
public sealed record Implementation(string Role, string Version, string Language, string? OptionsDigest = null)
{
    private const int ShownDigest = 12;

    /// <summary>What an instance registered.</summary>
    public static Implementation Of(Instance instance) =>
        new(instance.Role, instance.Version, instance.Language, instance.Metadata.GetValueOrDefault(StageContract.OptionsDigestKey));

    /// <summary>Without the role: csharp 1.4 (options 3fa2c1d09b7e).</summary>
    public override string ToString()
    {
        var name = $"{Language} {Version}".Trim();
        var options = OptionsDigest is { Length: > 0 } digest ? $" (options {digest[..Math.Min(digest.Length, ShownDigest)]})" : "";
        return (name.Length > 0 ? name : "unknown version") + options;
    }

    /// <summary>Several with their roles: csharp 1.4: ingest, sink; node 1.0: rules.</summary>
    public static string Describe(IEnumerable<Implementation> implementations)
    {
        var groups = implementations.GroupBy(one => one.ToString(), one => one.Role);
        return string.Join("; ", groups.Select(group => $"{group.Key}: {string.Join(", ", group)}"));
    }
}
