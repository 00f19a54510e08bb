using System.Text;
using Pipeline.Files;

namespace Pipeline.Orchestrator.Cluster;

/// <summary>A random text in a file of the shared storage. Machines with different ones do not see the same storage.</summary>
internal static class StorageIdentity
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "cluster-storage.id";

    private const int Length = 32;

    /// <summary>Reads the identity, and makes it where there is none.</summary>
    /// <exception cref="IOException">The storage cannot be used.</exception>
    /// <exception cref="UnauthorizedAccessException">The storage cannot be used.</exception>
    public static string ReadOrCreate(string storage)
    {
        var path = Path.Combine(storage, FileName);
        // Only where there is none: a rename would replace what another machine has made at the same time.
        if (!File.Exists(path))
            DurableFiles.Instance.TryCreate(path, Encoding.ASCII.GetBytes(Guid.NewGuid().ToString("N")), "storage_identity");
        return File.ReadAllText(path) is { Length: Length } identity ? identity : throw new IOException($"{path} is not whole: delete it, and start again");
    }
}
