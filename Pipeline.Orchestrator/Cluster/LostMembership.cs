namespace Pipeline.Orchestrator.Cluster;

/// <summary>
/// What this machine does when the cluster has declared it dead: it ends at once, so that its runs and slices stop; others go on with them.
/// Its supervisor starts it again, and it joins as a new member. An orderly stop would write the state of runs that are no longer its own.
/// </summary>
/// <param name="end">Ends the process.</param>
internal sealed class LostMembership(Action end) : IFatalErrorHandler
{
    public bool IsUnexpected(Exception exception) => true;

    public void OnFatalException(object? sender = null, string? context = null, Exception? exception = null)
    {
        // Not to the log, which is written in the background. Orleans adds the whole membership table.
        var reason = (context ?? exception?.Message ?? "").ReplaceLineEndings(" ").Split(" Membership: ")[0];
        Console.Error.WriteLine($"error: the cluster goes on without this machine, which ends at once: {reason}");
        end();
    }
}
