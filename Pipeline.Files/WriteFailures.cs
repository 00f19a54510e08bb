using Pipeline.Contracts;

namespace Pipeline.Files;

/// <summary>What a failing write means to the run.</summary>
public static class WriteFailures
{
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;
    private const int QuotaExceededMac = 69;

    // ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL.
    private static readonly int[] FullOnWindows = [unchecked((int)0x80070070), unchecked((int)0x80070027)];

    /// <summary>Whether it comes from the file system.</summary>
    public static bool Is(Exception failure) => failure is IOException or UnauthorizedAccessException;

    /// <summary>As it goes up. Not to be tried again by itself: until there is room, or the disk is replaced, it would fail again.</summary>
    public static StageException ToStageException(Exception failure)
    {
        var full = failure.HResult == NoSpace || FullOnWindows.Contains(failure.HResult)
            || failure.HResult == (OperatingSystem.IsMacOS() ? QuotaExceededMac : QuotaExceeded);
        return full
            ? new StageException(FailureReasons.DiskFull, $"The disk is full: {failure.Message}. Make room.", inner: failure)
            : new StageException(FailureReasons.OutputUnwritable, $"Writing failed: {failure.Message}", inner: failure);
    }
}
