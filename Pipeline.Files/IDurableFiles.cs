using Microsoft.Win32.SafeHandles;

namespace Pipeline.Files;

/// <summary>The few file operations that the promise rests on, apart, so that tests can let each of them fail.</summary>
public interface IDurableFiles
{
    /// <summary>Creates a file that must not exist yet.</summary>
    /// <param name="path">Where.</param>
    /// <param name="role">What it is to the run; names its crash points.</param>
    IDurableFile Create(string path, string role);

    /// <summary>Renames within a folder; what has the new name already is replaced.</summary>
    void Rename(string from, string to, string role);

    /// <summary>
    /// Renames within a folder where the new name is free, and leaves the file as it is otherwise. Atomic on Windows and where the file system has hard links;
    /// elsewhere a file that another process creates at the same moment may be replaced.
    /// </summary>
    /// <returns>False: the new name is taken.</returns>
    bool TryRename(string from, string to, string role);

    /// <summary>Deletes a file; none there is no error.</summary>
    void Delete(string path, string role);

    /// <summary>Makes creations, renames and deletions in a folder durable.</summary>
    void FlushFolder(string path, string role);

    /// <summary>Replaces a small file, or leaves it as it is.</summary>
    /// <param name="path">The file.</param>
    /// <param name="bytes">All of its content.</param>
    /// <param name="role">What it is to the run; names its crash points.</param>
    /// <param name="writer">Unique name of this writer; required where several processes write the same path. It is part of the temporary file's name
    /// (PATH.WRITER.tmp), which is left behind if the process is killed.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    void Replace(string path, ReadOnlySpan<byte> bytes, string role, string? writer = null)
    {
        Rename(WriteBeside(path, bytes, role, writer), path, role);
        FlushFolder(Path.GetDirectoryName(path)!, role);
    }

    /// <summary>Creates a small file with all of its content, or leaves the one that is there: of several processes one succeeds.</summary>
    /// <param name="path">The file.</param>
    /// <param name="bytes">All of its content.</param>
    /// <param name="role">What it is to the run; names its crash points.</param>
    /// <returns>False: there is one.</returns>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    bool TryCreate(string path, ReadOnlySpan<byte> bytes, string role)
    {
        var unfinished = WriteBeside(path, bytes, role, Path.GetRandomFileName());
        var isNew = TryRename(unfinished, path, role);
        if (!isNew)
            Delete(unfinished, role);

        FlushFolder(Path.GetDirectoryName(path)!, role);
        return isNew;
    }

    private string WriteBeside(string path, ReadOnlySpan<byte> bytes, string role, string? writer)
    {
        var unfinished = writer is null ? $"{path}.tmp" : $"{path}.{writer}.tmp";
        if (File.Exists(unfinished))
        {
            // A killed process has left it.
            Delete(unfinished, role);
        }

        using var file = Create(unfinished, role);
        file.Append(bytes);
        file.Flush();
        return unfinished;
    }
}

/// <summary>A file being written, from its beginning on.</summary>
public interface IDurableFile : IDisposable
{
    /// <summary>Writes behind what was written before.</summary>
    void Append(ReadOnlySpan<byte> bytes);

    /// <summary>Makes everything written durable.</summary>
    /// <exception cref="IOException">It may not be: what was written since the last flush is lost.</exception>
    void Flush();
}

/// <summary>A file of <see cref="DurableFiles"/>.</summary>
internal sealed class DurableFile(FileStream stream) : IDurableFile
{
    private readonly SafeFileHandle _handle = stream.SafeFileHandle;
    private long _length;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        RandomAccess.Write(_handle, bytes, _length);
        _length += bytes.Length;
    }

    public void Flush() => RandomAccess.FlushToDisk(_handle);

    public void Dispose() => stream.Dispose();
}
