using System.Collections.Concurrent;

namespace Pipeline.Files;

/// <summary>Tells once per process and file system that a file system has no flush of folders.</summary>
/// <param name="identityOf">What a path leads to.</param>
/// <param name="tell">Takes the message.</param>
internal sealed class RefusedFlushes(Func<string, FileIdentity?> identityOf, Action<string> tell)
{
    private readonly ConcurrentDictionary<ulong, bool> _told = new();

    /// <summary>The ones of this process, on standard error: services and commands have that in common.</summary>
    public static RefusedFlushes Shared { get; } = new(path => FileStatus.Of(path)?.Identity, message => Console.Error.WriteLine(message));

    /// <summary>A folder was not flushed.</summary>
    public void Add(string folder)
    {
        if (_told.TryAdd(identityOf(folder)?.Volume ?? 0, true))
        {
            tell($"warning: the file system of '{folder}' cannot flush folders: "
                + "after a loss of power, files that were new or renamed there may be as before");
        }
    }
}
