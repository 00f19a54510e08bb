using System.Buffers;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Groups;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Sink.Lines;
using Pipeline.Stages.Sink.Output;

namespace Pipeline.Stages.Sink.Partials;

/// <summary>
/// The partial results of all slices of an input, in its order, as one: to the byte what a run over the whole input puts together.
/// Memory does not depend on how large they are.
/// </summary>
internal sealed class PartialMerge : IDisposable
{
    private readonly List<PartialResult> _parts = [];
    private readonly List<Piece> _rejects = [];

    /// <summary>Opens and checks all of them.</summary>
    /// <param name="folders">Of the runs over the slices, in the order of the input.</param>
    /// <param name="roots">Folders that may be read.</param>
    /// <param name="meter">Counts what is read.</param>
    /// <param name="cancellationToken">Ends it between two of them.</param>
    /// <exception cref="StageException">One cannot be merged.</exception>
    public PartialMerge(IEnumerable<string> folders, IReadOnlyList<string> roots, StageMeter meter, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var folder in folders)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Add(PartialResult.Open(folder, roots, meter));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Counts and totals of all of them, as the last checkpoint of a run over the whole input has them.</summary>
    public CheckpointPage Total { get; } = new() { Id = 1, Position = new Position(), Counts = new Counts() };

    /// <summary>What the finished files are put together from.</summary>
    /// <param name="withMin">Whether groups tell their least value.</param>
    /// <param name="withMax">Whether groups tell their greatest value.</param>
    public FinalContent Content(bool withMin, bool withMax)
    {
        var block = SortedPart.BlockBytesFor(_parts.Count);
        var groups = SortedPart.Merge(_parts.Select(part => part.Groups(block)));
        return new FinalContent(_parts.Select(part => part.WorkItems), _rejects, Lines(groups, withMin, withMax));
    }

    public void Dispose() => _parts.ForEach(part => part.Dispose());

    private void Add(PartialResult part)
    {
        var previous = _parts.LastOrDefault();
        _parts.Add(part);
        _rejects.Add(part.Rejects with { LinesBefore = LinesBefore(part, previous) });
        var (counts, position) = (Total.Counts, Total.Position);
        counts.Lines += part.Counts.Lines;
        counts.Blank += part.Counts.Blank;
        counts.Rejected += part.Counts.Rejected;
        counts.Filtered += part.Counts.Filtered;
        counts.Events += part.Counts.Events;
        counts.WorkItems += part.Counts.WorkItems;
        position.TotalLines += part.Position.TotalLines;
        position.BlankLines += part.Position.BlankLines;
        position.TotalBytes += part.Position.TotalBytes;
    }

    /// <summary>Lines of a slice's first file before the slice: a file that was cut goes on in the next slice.</summary>
    private long LinesBefore(PartialResult part, PartialResult? previous)
    {
        var first = part.Position.Files.Count == 1 ? part.Position.Offset - part.Position.TotalBytes : 0;
        if (first == 0)
            return 0;

        return previous is { Position.Files: [var file] } && file.Path == part.Position.Files[0].Path && previous.Position.Offset == first
            ? _rejects[^1].LinesBefore + previous.Position.Line
            : throw PartialResult.Damaged(
                part.Folder, $"it begins at byte {first} of '{part.Position.Files[0].Path}', and the one before it does not end there");
    }

    private IEnumerable<ReadOnlyMemory<byte>> Lines(IEnumerable<SortedEntry> groups, bool withMin, bool withMax)
    {
        var key = new ArrayBufferWriter<byte>();
        var line = new ArrayBufferWriter<byte>();
        var (group, figures, events) = (new Group(), default(GroupFigures), 0L);
        foreach (var entry in groups)
        {
            if (figures.Count > 0 && !key.WrittenSpan.SequenceEqual(entry.Key.Span))
                yield return Rendered();

            var next = Group.Parser.ParseFrom(entry.Content.Span);
            if (figures.Count == 0)
            {
                group = next;
                key.ResetWrittenCount();
                key.Write(entry.Key.Span);
            }

            figures.Add(GroupMessages.FiguresOf(next) ?? throw new StageException(FailureReasons.Internal, "A partial result has a group without events."));
        }

        if (figures.Count > 0)
            yield return Rendered();

        if (events != Total.Counts.Events)
            throw new StageException(FailureReasons.Internal, $"The partial results hold {events} events, but {Total.Counts.Events} were counted.");

        ReadOnlyMemory<byte> Rendered()
        {
            var whole = GroupMessages.ToMessage(figures);
            whole.Key.Add(group.Key);
            line.ResetWrittenCount();
            ResultLines.Write(line, whole, withMin, withMax);
            events += figures.Count;
            figures = default;
            return line.WrittenMemory;
        }
    }
}
