using Pipeline.Files;

namespace Pipeline.Cli;

/// <summary>
/// A folder for the temporary files of a command, which only this user may enter. It is deleted with this object; a killed process leaves it.
/// </summary>
internal sealed class TemporaryFolder : IDisposable
{
    private TemporaryFolder(string path) => Path = path;

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>Makes one beside a file, on the same file system, named after the file.</summary>
    /// <exception cref="CliException">It cannot be made.</exception>
    public static TemporaryFolder Beside(string file) => Make(file, () =>
    {
        var parent = System.IO.Path.GetDirectoryName(file)!;
        return Directory.Exists(parent)
            ? PrivateFile.CreateFolder(System.IO.Path.Combine(parent, $".{System.IO.Path.GetFileName(file)}.{Random.Shared.NextInt64()}.tmp"))
            : throw new IOException($"there is no directory {parent}");
    });

    /// <summary>Makes one in the system's folder for temporary files.</summary>
    /// <exception cref="CliException">It cannot be made.</exception>
    public static TemporaryFolder OfUser() => Make(System.IO.Path.GetTempPath(), () => Directory.CreateTempSubdirectory("pipeline-"));

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // What the command was to do is done; the folder is left as by a killed process.
        }
    }

    private static TemporaryFolder Make(string place, Func<DirectoryInfo> make)
    {
        try
        {
            return new TemporaryFolder(make().FullName);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCodes.Failed, $"{place} cannot be written: {error.Message}", error);
        }
    }
}
