namespace Pipeline.Bench.Services;

/// <summary>One invocation's folder, which goes when the benchmark ends; only where it is killed, it stays.</summary>
internal sealed class Session : IDisposable
{
    /// <summary>Temporary; absolute, links resolved.</summary>
    public string Folder { get; } = Resolve(Directory.CreateTempSubdirectory("pipeline-bench-").FullName);

    /// <summary>To be called when all processes have ended.</summary>
    public void Dispose() => Directory.Delete(Folder, recursive: true);

    // macOS: /tmp is a link, and the stages look at where paths really lead.
    private static string Resolve(string path) =>
        new DirectoryInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path;
}
