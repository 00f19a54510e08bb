using System.Globalization;
using System.Text;
using Pipeline.Contracts;
using Pipeline.Files;

namespace Pipeline.Stages.Bridge.BuiltIn;

/// <summary>
/// A file that grows and can be taken back to any checkpoint. Each attempt has its own, NAME.ATTEMPT.ndjson, so that one that was given up and
/// still writes does no harm; it begins as a copy of the former one up to the checkpoint. Beside it stands FILE.checkpoints, with a line
/// "id events length" for each: a checkpoint is noted before the hop below hears of it, so whichever the run goes on from is there.
/// </summary>
internal sealed class SampleFile : IDisposable
{
    private readonly FileStream _content;
    private readonly FileStream _checkpoints;

    private SampleFile(string path)
    {
        _content = Create(path);
        _checkpoints = Create(NotesOf(path));
        Path = path;
    }

    /// <summary>Where it stands.</summary>
    public string Path { get; }

    /// <summary>Events of the run before the checkpoint that it was opened at.</summary>
    public long Events { get; private set; }

    /// <summary>Begins the file of an attempt; those of former ones are deleted.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="name">What their names begin with.</param>
    /// <param name="attempt">From 1.</param>
    /// <param name="checkpoint">What the attempt goes on from, from 1; 0: the beginning.</param>
    /// <exception cref="StageException">checkpoint_corrupt: no former attempt has noted the checkpoint.</exception>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static SampleFile Open(string folder, string name, long attempt, long checkpoint)
    {
        var former = NumberedFiles.In(folder, $"{name}.", ".ndjson")
            .Where(file => file.Number > 0 && file.Number < attempt)
            .OrderByDescending(file => file.Number)
            .Select(file => file.Path)
            .ToList();
        var file = new SampleFile(System.IO.Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{name}.{attempt}.ndjson")));
        try
        {
            if (checkpoint > 0)
                file.GoOnFrom(former, checkpoint);

            DurableFiles.Instance.FlushFolder(folder, "sample");
            foreach (var path in former)
            {
                DurableFiles.Instance.Delete(NotesOf(path), "sample");
                DurableFiles.Instance.Delete(path, "sample");
            }

            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Writes at the end.</summary>
    public void Append(ReadOnlySpan<byte> bytes) => _content.Write(bytes);

    /// <summary>Notes a checkpoint; it can be gone back to even after a power failure.</summary>
    /// <param name="checkpoint">Its id.</param>
    /// <param name="events">Events of the run before it.</param>
    public void Commit(long checkpoint, long events)
    {
        _content.Flush(flushToDisk: true);
        _checkpoints.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{checkpoint} {events} {_content.Length}\n")));
        _checkpoints.Flush(flushToDisk: true);
    }

    public void Dispose()
    {
        _checkpoints.Dispose();
        _content.Dispose();
    }

    private void GoOnFrom(IEnumerable<string> former, long checkpoint)
    {
        foreach (var path in former)
        {
            // A line that was cut off is of a checkpoint that nobody has heard of.
            var noted = File.Exists(NotesOf(path)) ? Read(NotesOf(path), checkpoint) : null;
            if (noted is null)
                continue;

            using (var content = SharedFile.OpenRead(path))
            {
                content.CopyTo(_content);
            }

            _content.SetLength(long.Parse(noted[2], CultureInfo.InvariantCulture));
            Events = long.Parse(noted[1], CultureInfo.InvariantCulture);
            Commit(checkpoint, Events);
            return;
        }

        throw new StageException(
            FailureReasons.CheckpointCorrupt, $"No sample beside '{Path}' has checkpoint {checkpoint}, from which the run goes on. Start a new run.");
    }

    private static string[]? Read(string notes, long checkpoint)
    {
        using var reader = new StreamReader(SharedFile.OpenRead(notes));
        while (reader.ReadLine() is { } line)
        {
            if (line.Split(' ') is [var id, _, _] parts && id == checkpoint.ToString(CultureInfo.InvariantCulture))
                return parts;
        }

        return null;
    }

    // A later attempt reads and deletes it while this one may still have it.
    private static FileStream Create(string path) => new(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);

    private static string NotesOf(string path) => $"{path}.checkpoints";
}
