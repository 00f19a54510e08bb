namespace Pipeline.Files;

/// <summary>
/// Retries for about two seconds what Windows refuses while a virus scanner, an indexer or a reader has the file open: access denied,
/// sharing violation, lock violation; see "System Error Codes" 5, 32 and 33.
/// </summary>
internal static class WindowsRetry
{
    private const int AccessDenied = unchecked((int)0x80070005);
    private const int SharingViolation = unchecked((int)0x80070020);
    private const int LockViolation = unchecked((int)0x80070021);

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(200);

    /// <summary>Runs an operation; on Windows until it succeeds, fails for another reason, or the time is up.</summary>
    /// <returns>What it returns.</returns>
    public static T Run<T>(Func<T> operation) => OperatingSystem.IsWindows() ? Run(operation, TimeProvider.System, Thread.Sleep) : operation();

    /// <summary>The same as on Windows with another clock.</summary>
    internal static T Run<T>(Func<T> operation, TimeProvider time, Action<TimeSpan> pause)
    {
        var since = time.GetTimestamp();
        for (var wait = FirstPause; ; wait = wait * 2 < LongestPause ? wait * 2 : LongestPause)
        {
            try
            {
                return operation();
            }
            catch (Exception error)
                when (error.HResult is AccessDenied or SharingViolation or LockViolation && time.GetElapsedTime(since) < Limit)
            {
                pause(wait);
            }
        }
    }
}
