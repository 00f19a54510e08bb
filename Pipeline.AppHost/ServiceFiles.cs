using System.Reflection;
using System.Runtime.InteropServices;

namespace Pipeline.AppHost;

/// <summary>Where the build has put the services' programs; eng/ServiceFiles.targets notes it in this assembly.</summary>
internal static class ServiceFiles
{
    /// <summary>Environment variable by which a program finds the .NET runtime where it is not in its default place.</summary>
    public const string DotnetRoot = "DOTNET_ROOT";

    private const string Prefix = "Service:";

    private static readonly Dictionary<string, string> Paths = typeof(ServiceFiles).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>()
        .Where(attribute => attribute.Key.StartsWith(Prefix, StringComparison.Ordinal))
        .ToDictionary(attribute => attribute.Key[Prefix.Length..], attribute => attribute.Value!);

    /// <summary>The folder of the .NET installation that runs this process: DOTNET_ROOT/shared/Microsoft.NETCore.App/VERSION is the runtime's.</summary>
    public static string RuntimeFolder { get; } = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));

    /// <summary>Path of a project's program.</summary>
    /// <exception cref="PipelineException">It is not built.</exception>
    public static string PathOf(IProjectMetadata project)
    {
        var name = Path.GetFileNameWithoutExtension(project.ProjectPath);
        var path = Paths.GetValueOrDefault(name) is { } assembly ? Path.ChangeExtension(assembly, OperatingSystem.IsWindows() ? ".exe" : null) : null;
        return File.Exists(path)
            ? path
            : throw new PipelineException($"the program of {name} is not where it was built ({path}); build Pipeline.AppHost again");
    }
}
