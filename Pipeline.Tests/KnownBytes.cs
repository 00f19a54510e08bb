using System.Security.Cryptography;
using Pipeline.Cli;

namespace Pipeline.Tests;

/// <summary>A generated input beside the sample's, and the SHA-256 of what comes out of it: the same on every system and architecture.</summary>
internal static class KnownBytes
{
    public const string Generated = "6170b0cdfaadd4f2f305ae17b661a8a78dec7512042389b5bf69cc35488b44d3";

    public const string Results = "924d785161155a34418bc21e970614f28c776d83245baec88a005c0d4e66909e";

    public const string Rejects = "4c23745f2b1d2708c60bbb64f0a1e7e1588ec8d2c5d6b05a29519b803d4f16f9";

    /// <summary>Writes the input: events, work items, lines that are rejected, and a folder within the folder.</summary>
    /// <returns>The generated file.</returns>
    public static async Task<string> WriteInputAsync(string folder)
    {
        var samples = Directory.CreateDirectory(Path.Combine(folder, "samples")).FullName;
        File.Copy(Path.Combine(Repository.Root, "samples", "events.ndjson"), Path.Combine(samples, "events.ndjson"));
        var generated = Path.Combine(folder, "generated.ndjson");
        await CommandAsync("generate", "--seed", "42", "--workload", "mixed", "--count", "20000", "--output", generated);
        return generated;
    }

    /// <summary>Runs a command that needs no pipeline, and must succeed.</summary>
    public static async Task CommandAsync(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        Assert.True(await CommandLine.RunAsync(args, new Terminal(output, error), _ => null) == ExitCodes.Ok, $"{error}");
    }

    /// <summary>SHA-256 in hexadecimal.</summary>
    public static string Sum(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}
