using Pipeline.Files;

namespace Pipeline.Tests.Stages.Sink;

/// <summary>How an operation fails.</summary>
public enum Fault
{
    /// <summary>The operation is not done.</summary>
    Before,

    /// <summary>The operation is done, and then the process dies.</summary>
    After,

    /// <summary>Half of a write is done.</summary>
    Half,
}

/// <summary>What a power loss discards: a file system may make changes of directory entries durable in any order.</summary>
[Flags]
public enum Lost
{
    Nothing = 0,
    Creations = 1,
    Renames = 2,
    Deletions = 4,
    Everything = Creations | Renames | Deletions,
}

/// <summary>
/// Real files. Any operation can be made the last one of a process, and a power loss can be simulated: it discards all bytes that were
/// not flushed, and changes of directory entries whose folder was not flushed.
/// </summary>
internal sealed class SimulatedDisk : IDurableFiles
{
    private readonly Dictionary<string, SimulatedFile> _byPath = [];
    private readonly List<(string Folder, Lost Kind, Action Undo)> _notDurable = [];
    private bool _dead;

    /// <summary>Operations so far.</summary>
    public int Operations { get; private set; }

    /// <summary>The operations so far, in order.</summary>
    public List<string> Log { get; } = [];

    /// <summary>The operation that fails, from 1; 0 = none.</summary>
    public int FailAt { get; set; }

    public Fault Fault { get; set; }

    /// <summary>Whether all later operations fail as well, as in a dead process.</summary>
    public bool Dies { get; set; } = true;

    /// <summary>errno of the failure.</summary>
    public int Error { get; set; } = 5;

    public IDurableFile Create(string path, string role)
    {
        Do($"create {role}", () =>
        {
            using var created = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            _byPath[path] = new SimulatedFile(this, path, role);
            NotDurable(path, Lost.Creations, () => File.Delete(path));
        });
        return _byPath[path];
    }

    public bool TryRename(string from, string to, string role)
    {
        var isNew = false;
        Do($"rename {role}", () =>
        {
            isNew = !File.Exists(to);
            if (isNew)
                Move(from, to);
        });
        return isNew;
    }

    public void Rename(string from, string to, string role) => Do($"rename {role}", () => Move(from, to));

    public void Delete(string path, string role) => Do($"delete {role}", () =>
    {
        if (File.Exists(path))
        {
            var content = File.ReadAllBytes(path);
            File.Delete(path);
            NotDurable(path, Lost.Deletions, () => File.WriteAllBytes(path, content));
        }
    });

    public void FlushFolder(string path, string role) =>
        Do($"flush folder for {role}", () => _notDurable.RemoveAll(change => change.Folder == path));

    /// <summary>Called with each operation before it is done.</summary>
    public Action<string> OnOperation { get; set; } = _ => { };

    /// <summary>Discards bytes that were not flushed, and unflushed changes of directory entries of the given kinds.</summary>
    public void LosePower(Lost lost)
    {
        foreach (var (_, kind, undo) in Enumerable.Reverse(_notDurable))
        {
            if (lost.HasFlag(kind))
                undo();
        }

        foreach (var file in _byPath.Values.Where(file => File.Exists(file.Path)))
        {
            using var stream = new FileStream(file.Path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            stream.SetLength(Math.Min(stream.Length, file.Flushed));
        }
    }

    private void Move(string from, string to)
    {
        var (source, replaced) = (_byPath.GetValueOrDefault(from), File.Exists(to) ? File.ReadAllBytes(to) : null);
        File.Move(from, to, overwrite: true);
        if (source is not null)
        {
            _byPath.Remove(from);
            _byPath[to] = source;
            source.Path = to;
        }

        NotDurable(to, Lost.Renames, () =>
        {
            File.Move(to, from);
            if (source is not null)
                source.Path = from;

            if (replaced is not null)
                File.WriteAllBytes(to, replaced);
        });
    }

    private void NotDurable(string path, Lost kind, Action undo) => _notDurable.Add((Path.GetDirectoryName(path)!, kind, undo));

    private void Do(string what, Action operation, Action? half = null)
    {
        if (_dead)
            throw new IOException("dead already", Error);

        Log.Add(what);
        OnOperation(what);
        if (++Operations != FailAt)
        {
            operation();
            return;
        }

        _dead = Dies;
        (Fault switch
        {
            Fault.After => operation,
            Fault.Half => half,
            _ => null,
        })?.Invoke();
        throw new IOException($"injected at operation {Operations}: {what}", Error);
    }

    private sealed class SimulatedFile(SimulatedDisk disk, string path, string role) : IDurableFile
    {
        public string Path { get; set; } = path;

        public long Flushed { get; private set; }

        public void Append(ReadOnlySpan<byte> bytes)
        {
            var copy = bytes.ToArray();
            disk.Do($"append to {role}", () => Write(copy), () => Write(copy[..(copy.Length / 2)]));
        }

        public void Flush() => disk.Do($"flush {role}", () => Flushed = new FileInfo(Path).Length);

        public void Dispose()
        {
        }

        private void Write(byte[] bytes)
        {
            using var stream = new FileStream(Path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            stream.Write(bytes);
        }
    }
}
