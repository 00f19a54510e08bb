using System.Collections.Concurrent;

namespace Pipeline.Stages.Sink.Fencing;

/// <summary>An attempt that is open in this process. A later one at the same run tells the earlier one, which need not find it out on disk.</summary>
internal sealed class OpenAttempt : IDisposable
{
    private static readonly ConcurrentDictionary<string, OpenAttempt> ByFolder = new(StringComparer.Ordinal);
    private readonly string _folder;
    private long _newer;

    /// <summary>Enters an attempt; an earlier one at the same run is told.</summary>
    /// <param name="folder">Of the run, links resolved.</param>
    /// <param name="attempt">Its number.</param>
    public OpenAttempt(string folder, long attempt)
    {
        (_folder, Attempt) = (folder, attempt);
        ByFolder.AddOrUpdate(
            folder,
            this,
            (_, there) =>
            {
                var (earlier, later) = there.Attempt < attempt ? (there, this) : (this, there);
                Volatile.Write(ref earlier._newer, later.Attempt);
                return later;
            });
    }

    /// <summary>Its number.</summary>
    public long Attempt { get; }

    /// <summary>The later attempt that there is; 0 = none.</summary>
    public long Newer => Volatile.Read(ref _newer);

    public void Dispose() => ByFolder.TryRemove(KeyValuePair.Create(_folder, this));
}
