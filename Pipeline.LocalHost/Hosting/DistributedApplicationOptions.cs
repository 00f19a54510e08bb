using System.Reflection;

namespace Aspire.Hosting;

/// <summary>How to create an application.</summary>
public sealed class DistributedApplicationOptions
{
    private string? _projectDirectory;

    /// <summary>The command line; <c>--key value</c> and <c>--key=value</c> become configuration.</summary>
    public string[]? Args { get; set; }

    /// <summary>The AppHost's assembly; default the entry assembly.</summary>
    public string? AssemblyName { get; set; }

    /// <summary>There is no dashboard here, and the console shows the processes' output instead: true keeps it off, and a wait for a resource that ended gives up.</summary>
    public bool DisableDashboard { get; set; }

    /// <summary>Whether the console shows the processes' output without a dashboard, too.</summary>
    public bool EnableResourceLogging { get; set; }

    /// <summary>Not used here: nothing speaks TLS.</summary>
    public bool AllowUnsecuredTransport { get; set; }

    /// <summary>The AppHost's project directory; default as built into its assembly.</summary>
    public string? ProjectDirectory
    {
        get => _projectDirectory ?? Assembly?.GetCustomAttributes<AssemblyMetadataAttribute>()
            .FirstOrDefault(attribute => string.Equals(attribute.Key, "apphostprojectpath", StringComparison.OrdinalIgnoreCase))?.Value;
        set => _projectDirectory = value;
    }

    internal Assembly? Assembly => string.IsNullOrEmpty(AssemblyName) ? Assembly.GetEntryAssembly() : Assembly.Load(AssemblyName);
}
