namespace Pipeline.Orchestrator.Cluster;

/// <summary>A random text in a file of the shared storage. Machines with different ones do not see the same storage.</summary>
internal static class StorageIdentity
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "cluster-storage.id";

    /// <summary>Reads the identity, and makes it where there is none.</summary>
    /// <exception cref="IOException">The storage cannot be used.</exception>
    /// <exception cref="UnauthorizedAccessException">The storage cannot be used.</exception>
    public static string ReadOrCreate(string storage)
    {
        var path = Path.Combine(storage, FileName);
        if (!File.Exists(path))
        {
            // Complete before it has its name: of machines that start at once, the first one's stays.
            var unfinished = Path.Combine(storage, $".{FileName}-{Guid.NewGuid():N}");
            File.WriteAllText(unfinished, Guid.NewGuid().ToString("N"));
            try
            {
                File.Move(unfinished, path, overwrite: false);
            }
            catch (IOException) when (File.Exists(path))
            {
                File.Delete(unfinished);
            }
        }

        return File.ReadAllText(path);
    }
}
