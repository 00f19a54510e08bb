using System.Runtime.CompilerServices;

namespace Pipeline.Tests;

/// <summary>Tests kill processes, and a runtime that is killed leaves its diagnostic sockets and pipes in the temporary folder: those started here have none.</summary>
internal static class KilledProcesses
{
    private const string Diagnostics = "DOTNET_EnableDiagnostics";

    /// <summary>Whoever wants to look into one sets the variable.</summary>
    [ModuleInitializer]
    internal static void LeaveNothing()
    {
        if (Environment.GetEnvironmentVariable(Diagnostics) is null)
            Environment.SetEnvironmentVariable(Diagnostics, "0");
    }
}
