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

    /// <summary>Deletes a file; none there is no error.</summary>
    void Delete(string path, string role);

    /// <summary>Makes creations, renames and deletions in a folder durable.</summary>
    void FlushFolder(string path, string role);
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
