using Pipeline.Contracts;

namespace Pipeline.Stages.Sink.Durability;

/// <summary>What a failing write means to the run.</summary>
internal static class WriteFailures
{
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;
    private const int QuotaExceededMac = 69;
    private const int DiskFullWindows = unchecked((int)0x80070070);

    /// <summary>Whether it comes from the file system.</summary>
    public static bool Is(Exception failure) => failure is IOException or UnauthorizedAccessException;

    /// <summary>As it goes up. Not to be tried again by itself: until there is room, or the disk is replaced, it would fail again.</summary>
    public static StageException ToStageException(Exception failure)
    {
        var full = failure.HResult is NoSpace or DiskFullWindows || failure.HResult == (OperatingSystem.IsMacOS() ? QuotaExceededMac : QuotaExceeded);
        return full
            ? new StageException(FailureReasons.DiskFull, $"The disk is full: {failure.Message}. Make room.", inner: failure)
            : new StageException(
                FailureReasons.OutputUnwritable, $"Writing failed: {failure.Message}", inner: failure);
    }
}
