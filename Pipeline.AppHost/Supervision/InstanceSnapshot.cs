namespace Pipeline.AppHost.Supervision;

/// <summary>Reads what the supervisor needs from a host's snapshot of a process.</summary>
internal static class InstanceSnapshot
{
    /// <returns>None for a state that says nothing about the process.</returns>
    public static InstanceState? Read(CustomResourceSnapshot snapshot)
    {
        var text = snapshot.State?.Text;
        if (text == KnownResourceStates.Running)
            return new InstanceState(InstancePhase.Running, Address: OwnAddress(snapshot));
        if (text == KnownResourceStates.Stopping)
            return new InstanceState(InstancePhase.Stopping);
        if (text == KnownResourceStates.Starting || text == KnownResourceStates.Waiting)
            return new InstanceState(InstancePhase.Starting);
        return KnownResourceStates.TerminalStates.Contains(text) ? new InstanceState(InstancePhase.Ended, snapshot.ExitCode) : null;
    }

    // The urls of a snapshot are those of the proxy, which picks a replica; the process's own stands in its environment.
    private static Uri? OwnAddress(CustomResourceSnapshot snapshot)
    {
        var urls = snapshot.EnvironmentVariables.FirstOrDefault(variable => variable.Name == "ASPNETCORE_URLS")?.Value;
        var first = urls?.Split(';').FirstOrDefault(url => url.StartsWith("http://", StringComparison.OrdinalIgnoreCase));
        return Uri.TryCreate(first, UriKind.Absolute, out var address) ? address : null;
    }
}
