namespace Pipeline.Bench.Services;

/// <summary>One invocation's folder and processes. Nothing of either is left when it ends, nor when it is killed.</summary>
internal sealed class Session : IDisposable
{
    private readonly OrphanGuard _guard;

    public Session() => _guard = new OrphanGuard(Folder);

    /// <summary>Temporary; absolute, links resolved.</summary>
    public string Folder { get; } = Resolve(Directory.CreateTempSubdirectory("pipeline-bench-").FullName);

    /// <summary>Starts a program of the solution.</summary>
    public ServiceProcess Start(string name, string assembly, IEnumerable<string> arguments, IEnumerable<KeyValuePair<string, string>> environment)
    {
        var process = ServiceProcess.Start(name, assembly, arguments, environment);
        _guard.Add(process.Id);
        return process;
    }

    /// <summary>To be called when all processes have ended.</summary>
    public void Dispose()
    {
        _guard.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    // macOS: /tmp is a link, and the stages look at where paths really lead.
    private static string Resolve(string path) =>
        new DirectoryInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path;
}
