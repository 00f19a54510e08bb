using System.Globalization;
using Pipeline.Files;

namespace Pipeline.Client.Runs;

/// <summary>A file that a run has written: what a later run to the same output may replace, as long as it is still that file.</summary>
/// <param name="Path">Where.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Modified">Time of the last write, UTC.</param>
/// <param name="Identity">
/// Which file it is: the number that its file system has given it, in hexadecimal digits; empty where that is not known. Without the number of the volume,
/// which each machine that mounts a network file system gives anew, as some local ones do at each start.
/// </param>
public sealed record WrittenFile(string Path, long Length, DateTimeOffset Modified, string Identity)
{
    /// <summary>A file as it is now.</summary>
    /// <returns>Null where there is none, or none can be read: a link leads nowhere or in circles, or somewhere that may not be looked at.</returns>
    public static WrittenFile? Read(string? path)
    {
        if (string.IsNullOrEmpty(path) || new FileInfo(path) is not { Exists: true } file)
            return null;
        try
        {
            // Of a link length and time are its own.
            file = file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;
            return new WrittenFile(
                path,
                file.Length,
                new DateTimeOffset(file.LastWriteTimeUtc),
                FileStatus.Of(path)?.Identity.File.ToString("x", CultureInfo.InvariantCulture) ?? "");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Whatever stands there, it is no file that a run wrote and left.
            return null;
        }
    }

    /// <summary>Whether a file is this one, not written to since.</summary>
    public bool Is(string path) => Read(path) is { } now && Is(now);

    /// <summary>The same of a file as it is now. Its record is compared first: the path of this one may lead to a file system that does not answer.</summary>
    public bool Is(WrittenFile now) => this == now with { Path = Path } && SameFile.Is(now.Path, Path);
}
