namespace Pipeline.AppHost.Logs;

/// <summary>Reads what a resource has written so far.</summary>
internal static class WholeLog
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);

    /// <summary>All lines of a replica, or those that could be read, and why the others could not.</summary>
    /// <exception cref="OperationCanceledException">The caller has cancelled.</exception>
    public static async Task<(IReadOnlyList<LogLine> Lines, string? Failure)> ReadAllAsync(
        this ResourceLoggerService logs, string id, CancellationToken cancellationToken)
    {
        var lines = new List<LogLine>();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Timeout);
        try
        {
            await foreach (var batch in logs.GetAllAsync(id).WithCancellation(patience.Token))
                lines.AddRange(batch);
            return (lines, null);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            // DCP's client has exceptions of its own.
            return (lines, patience.IsCancellationRequested ? $"not within {Timeout.TotalSeconds} s" : exception.Message);
        }
    }
}
