using Pipeline.Contracts;

namespace Pipeline.Files;

/// <summary>What it means to the run that one of its files cannot be written, or read again.</summary>
public static class WriteFailures
{
    private const int NoSpace = 28;

    // ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL.
    private static readonly int[] FullOnWindows = [unchecked((int)0x80070070), unchecked((int)0x80070027)];

    /// <summary>Whether it comes from the file system.</summary>
    public static bool Is(Exception failure) => failure is IOException or UnauthorizedAccessException;

    /// <summary>As it goes up. Not to be tried again by itself: until there is room, or the disk is replaced, it would fail again.</summary>
    public static StageException ToStageException(Exception failure) => IsFull(failure.HResult, UnixErrors.Current)
        ? new StageException(FailureReasons.DiskFull, $"The disk is full: {failure.Message}. Make room.", inner: failure)
        : new StageException(FailureReasons.OutputUnwritable, $"A file of the run or its output cannot be written or read: {failure.Message}", inner: failure);

    /// <summary>Whether an error says that there is no room: of Unix its number, of Windows an HRESULT.</summary>
    internal static bool IsFull(int error, UnixErrors errors) =>
        error == NoSpace || error == errors.QuotaExceeded || FullOnWindows.Contains(error);
}
