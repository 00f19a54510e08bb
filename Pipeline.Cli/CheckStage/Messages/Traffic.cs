using System.Text;
using Google.Protobuf;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;

namespace Pipeline.Cli.CheckStage.Messages;

/// <summary>Messages such as the stage's role takes; the lines of a run are numbered on.</summary>
/// <param name="target">The stage.</param>
/// <param name="columns">That it asked for.</param>
/// <param name="resume">Checkpoint that the run goes on from; null = none.</param>
internal sealed class Traffic(StageTarget target, IReadOnlyCollection<string> columns, Checkpoint? resume = null)
{
    private readonly long _linesBefore = resume?.OpenPosition()?.TotalLines ?? 0;
    private long _next = 1;
    private long _checkpoint = resume?.Id ?? 0;

    /// <summary>Items sent: events, work items, rejects, and those told as filtered.</summary>
    public long Sent { get; private set; }

    /// <summary>What of it was sent before each checkpoint, by id.</summary>
    public Dictionary<long, long> SentBefore { get; } = [];

    /// <summary>Events, or the lines that become some.</summary>
    public StageInput Events(int count) => Next(count, first => target.TakesLines
        ? new StageInput { Lines = Lines(first, count, Event) }
        : new StageInput { Events = EventBatches.Of(columns, first, count) });

    /// <summary>Work items, or the lines that become some.</summary>
    public StageInput WorkItems(int count) => Next(count, first => target.TakesLines
        ? new StageInput { Lines = Lines(first, count, WorkItemText) }
        : new StageInput { WorkItems = new WorkItemBatch { Items = { Numbers(first, count).Select(WorkItem) } } });

    /// <summary>Rejects that travel in a batch without events.</summary>
    public StageInput Rejects(int count, int rawBytes) => Next(count, first =>
    {
        var raw = ByteString.CopyFrom(Enumerable.Repeat((byte)'x', rawBytes).ToArray());
        var rejects = Numbers(first, count)
            .Select(line => new Reject { Line = line, Offset = line * 100, Reason = "invalid_json", Raw = raw });
        var gap = new Gap { Lines = count, Bytes = (long)count * rawBytes };
        return target.TakesLines
            ? new StageInput { Lines = new LineBatch { FirstLine = first, Gaps = { gap }, Rejects = { rejects } } }
            : new StageInput { Events = new EventBatch { Rejects = { rejects } } };
    });

    /// <summary>Lines that are no JSON, or events that a stage above has dropped.</summary>
    public StageInput Lost(int count) => Next(count, first => target.TakesLines
        ? new StageInput { Lines = Lines(first, count, _ => "no JSON") }
        : new StageInput { Events = new EventBatch { Filtered = count } });

    /// <summary>The next checkpoint, with a position that no double holds.</summary>
    public StageInput Checkpoint()
    {
        SentBefore[++_checkpoint] = Sent;
        return new StageInput { Checkpoint = new Checkpoint { Id = _checkpoint, Position = Opening.Position(_linesBefore + Sent) } };
    }

    /// <summary>The next checkpoint in two pages, as it is below Aggregate.</summary>
    public IEnumerable<StageInput> PagedCheckpoint()
    {
        var last = Checkpoint();
        last.Checkpoint.State = Opaque.Of(new CheckpointState { Counts = new Counts() });
        var state = Opaque.Of(new CheckpointState { Groups = { Opening.Groups } });
        return [new StageInput { Checkpoint = new Checkpoint { Id = _checkpoint, State = state, More = true } }, last];
    }

    private static LineBatch Lines(long first, int count, Func<long, string> line)
    {
        var data = string.Concat(Numbers(first, count).Select(number => line(number) + "\n"));
        var bytes = ByteString.CopyFrom(data, Encoding.UTF8);
        return new LineBatch { Data = bytes, Count = count, FirstLine = first, FirstOffset = first * 100, File = EventBatches.FileOf(first) };
    }

    private static string Event(long line)
    {
        var (type, user, value) = (EventBatches.TypeOf(line), EventBatches.UserOf(line), EventBatches.ValueOf(line));
        return $$"""{"ts":"2026-01-01T00:00:00.000Z","type":"{{type}}","user":"{{user}}","value":{{value}}}""";
    }

    private static string WorkItemText(long line) =>
        $$"""{"id":"w-{{line}}","vectors":[{"values":[3,4]}],"matrix":{"rows":[{"values":[1,2]}]},"text":"","iterations":5}""";

    // As the stage above hands it on.
    private WorkItem WorkItem(long line)
    {
        var item = new WorkItem { Id = $"w-{line}", Line = line, VectorChecksum = 0.25 };
        if (target.AppliesRules)
        {
            (item.MatrixRows, item.MatrixColumns) = (1, 2);
            item.Vectors.Add([0.6, 0.8]);
            item.Matrix.Add([1, 2]);
        }
        else
        {
            item.Eigenvalues.Add([0.6, 0.8]);
            item.Score = 0.5;
        }

        return item;
    }

    private static IEnumerable<long> Numbers(long first, int count) => Enumerable.Range(0, count).Select(row => first + row);

    private StageInput Next(int count, Func<long, StageInput> make)
    {
        var first = _next;
        _next += count;
        Sent += count;
        return make(first);
    }
}
