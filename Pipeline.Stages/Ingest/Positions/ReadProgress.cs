using Pipeline.Contracts.V1;
using Pipeline.Stages.Ingest.Cutting;

namespace Pipeline.Stages.Ingest.Positions;

/// <summary>How far the input is read: what is finished, and with a file's cutter the position within it.</summary>
internal sealed class ReadProgress
{
    private readonly InputFile[] _files;
    private readonly long _firstByte;
    private long _linesOfFilesBefore;
    private long _bytesOfFilesBefore;
    private long _blankBefore;

    /// <summary>From the beginning.</summary>
    /// <param name="files">What is read.</param>
    /// <param name="firstByte">Where reading of the first file begins: bytes before it are not counted.</param>
    public ReadProgress(IEnumerable<InputFile> files, long firstByte)
    {
        _files = [.. files.Select(file => file.Clone())];
        (_firstByte, Offset, _bytesOfFilesBefore) = (firstByte, firstByte, -firstByte);
    }

    /// <summary>From a position.</summary>
    public ReadProgress(Position position, long checkpointId, long firstByte)
        : this(position.Files, firstByte)
    {
        (FileIndex, Offset, Line, CheckpointId) = (position.FileIndex, position.Offset, position.Line, checkpointId);
        _linesOfFilesBefore = position.TotalLines - position.Line;
        _bytesOfFilesBefore = position.TotalBytes - position.Offset;
        _blankBefore = position.BlankLines;
    }

    /// <summary>The files, with the hash of what was read of them.</summary>
    public IReadOnlyList<InputFile> Files => _files;

    /// <summary>The file being read.</summary>
    public int FileIndex { get; private set; }

    /// <summary>Where reading of it begins.</summary>
    public long Offset { get; private set; }

    /// <summary>Lines before that.</summary>
    public long Line { get; private set; }

    /// <summary>Of the last checkpoint; 0 = none yet.</summary>
    public long CheckpointId { get; private set; }

    /// <summary>Whether one of the files that were begun is compressed.</summary>
    public bool IsCompressed { get; set; }

    /// <summary>Lines of all files up to a line of the file being read.</summary>
    public long TotalLines(long line) => _linesOfFilesBefore + line;

    /// <summary>Bytes of all files up to the cutter.</summary>
    public long TotalBytes(LineCutter cutter) => _bytesOfFilesBefore + cutter.Offset;

    /// <summary>The next checkpoint, at the cutter's position.</summary>
    public Checkpoint Checkpoint(LineCutter cutter)
    {
        Stamp(cutter);
        var position = new Position
        {
            FileIndex = FileIndex,
            Offset = cutter.Offset,
            Line = cutter.Line,
            TotalLines = TotalLines(cutter.Line),
            BlankLines = _blankBefore + cutter.Blank,
            TotalBytes = TotalBytes(cutter),
            Compressed = IsCompressed,
        };
        position.Files.AddRange(_files);
        return new Checkpoint { Id = ++CheckpointId, Position = Opaque.Of(position) };
    }

    /// <summary>The file is read to its end: on to the next one.</summary>
    public void FinishFile(LineCutter cutter)
    {
        Stamp(cutter);
        _linesOfFilesBefore += cutter.Line;
        _bytesOfFilesBefore += cutter.Offset;
        _blankBefore += cutter.Blank;
        (FileIndex, Offset, Line) = (FileIndex + 1, 0, 0);
    }

    private void Stamp(LineCutter cutter)
    {
        // A checkpoint that is on its way holds the entry as it was: a new one takes its place.
        var file = _files[FileIndex].Clone();
        file.PrefixHash = cutter.Offset == (FileIndex == 0 ? _firstByte : 0) ? 0 : cutter.PrefixHash();
        _files[FileIndex] = file;
    }
}
