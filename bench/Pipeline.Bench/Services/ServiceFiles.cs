using System.Reflection;
using Pipeline.Bench.Cli;

namespace Pipeline.Bench.Services;

/// <summary>Where the build has put the programs that are started; the project file notes it in the assembly.</summary>
internal static class ServiceFiles
{
    private static readonly Dictionary<string, string> Paths = typeof(ServiceFiles).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>()
        .Where(attribute => attribute.Key.StartsWith("Service:", StringComparison.Ordinal))
        .ToDictionary(attribute => attribute.Key["Service:".Length..], attribute => attribute.Value!);

    /// <summary>Path of a program, such as Pipeline.Broker.</summary>
    /// <exception cref="BenchException">It is not built.</exception>
    public static string PathOf(string assembly) => Paths.TryGetValue(assembly, out var path) && File.Exists(path)
        ? path
        : throw new BenchException($"{assembly} is not where it was built ({path}): build bench/Pipeline.Bench again");
}
