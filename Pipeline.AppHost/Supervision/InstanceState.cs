using System.Globalization;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.AppHost.Supervision;

/// <summary>Where a process is in its life.</summary>
internal enum InstancePhase
{
    /// <summary>Waiting for others, or starting.</summary>
    Starting,

    /// <summary>It runs.</summary>
    Running,

    /// <summary>Somebody asked it to stop.</summary>
    Stopping,

    /// <summary>It ended, or could not be started.</summary>
    Ended,
}

/// <summary>What the supervisor sees of one replica of a resource.</summary>
/// <param name="Phase">Where it is in its life.</param>
/// <param name="ProcessId">Of the process that runs or has ended, if there was one.</param>
/// <param name="ExitCode">Of a process that ended, if known.</param>
/// <param name="Process">While it runs.</param>
/// <param name="Address">While it runs: its own HTTP address, if it has one.</param>
internal sealed record InstanceState(
    InstancePhase Phase, int? ProcessId = null, int? ExitCode = null, ProcessIdentity? Process = null, Uri? Address = null)
{
    /// <summary>Reads Aspire's snapshot of a replica.</summary>
    /// <returns>Null for a state that tells nothing about the process, such as those that the supervisor shows itself.</returns>
    public static InstanceState? Read(CustomResourceSnapshot snapshot)
    {
        var text = snapshot.State?.Text;
        if (text == KnownResourceStates.Running)
            return new InstanceState(InstancePhase.Running, IdOf(snapshot), Address: OwnAddress(snapshot));
        if (text == KnownResourceStates.Stopping)
            return new InstanceState(InstancePhase.Stopping);
        if (text == KnownResourceStates.Starting || text == KnownResourceStates.Waiting)
            return new InstanceState(InstancePhase.Starting);
        return KnownResourceStates.TerminalStates.Contains(text)
            ? new InstanceState(InstancePhase.Ended, IdOf(snapshot), snapshot.ExitCode)
            : null;
    }

    // A process that could not be started has the id 0, each time.
    private static int? IdOf(CustomResourceSnapshot snapshot) =>
        snapshot.Properties.FirstOrDefault(property => property.Name == "executable.pid")?.Value is { } value
            && Convert.ToInt32(value, CultureInfo.InvariantCulture) is > 0 and var id
            ? id
            : null;

    // The urls of a snapshot are those of the proxy, which picks a replica; the process's own stands in its environment.
    private static Uri? OwnAddress(CustomResourceSnapshot snapshot)
    {
        var urls = snapshot.EnvironmentVariables.FirstOrDefault(variable => variable.Name == "ASPNETCORE_URLS")?.Value;
        var first = urls?.Split(';').FirstOrDefault(url => url.StartsWith("http://", StringComparison.OrdinalIgnoreCase));
        return Uri.TryCreate(first, UriKind.Absolute, out var address) ? address : null;
    }
}
