using System.Diagnostics;
using System.Text;

namespace Pipeline.Orchestrator.Cluster;

/// <summary>A random text in a file of the shared storage. Machines with different ones do not see the same storage.</summary>
internal static class StorageIdentity
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "cluster-storage.id";

    private const int Length = 32;

    // Between its creation and its content.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Reads the identity, and makes it where there is none.</summary>
    /// <exception cref="IOException">The storage cannot be used.</exception>
    /// <exception cref="UnauthorizedAccessException">The storage cannot be used.</exception>
    public static string ReadOrCreate(string storage)
    {
        var path = Path.Combine(storage, FileName);
        try
        {
            // Only where there is none: a rename would replace what another machine has made at the same time.
            using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
            file.Write(Encoding.ASCII.GetBytes(Guid.NewGuid().ToString("N")));
            file.Flush(flushToDisk: true);
        }
        catch (IOException) when (File.Exists(path))
        {
            // Another machine has made it, or is about to.
        }

        for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < Patience;)
        {
            if (File.ReadAllText(path) is { Length: Length } identity)
                return identity;
            Thread.Yield();
        }

        throw new IOException($"{path} is not whole: delete it, and start again");
    }
}
