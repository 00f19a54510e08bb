using System.Text;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Runtime;

namespace Pipeline.Stages.Bridge.BuiltIn;

/// <summary>Rejects events of types and users that are not allowed, and masks texts for the stages below. Work items pass.</summary>
internal sealed class PolicyBridge(StageContext context, PolicyOptions options) : ITransform
{
    /// <summary>Why an event is rejected.</summary>
    public const string Reason = "not_allowed";

    private readonly (string Column, HashSet<string> Allowed)[] _lists =
    [
        .. new[] { (ColumnNames.Type, options.Types), (ColumnNames.User, options.Users) }
            .Where(list => list.Item2.Count > 0)
            .Select(list => (list.Item1, list.Item2.ToHashSet(StringComparer.Ordinal))),
    ];

    private IReadOnlyList<string> _wanted = [];
    private byte[] _denied = [];

    /// <inheritdoc/>
    /// <exception cref="StageException">invalid_options: a column is to be masked that never goes to the stages below.</exception>
    public ValueTask<RunOpened> OpenAsync(OpenRun open, RunOpened? below, CancellationToken cancellationToken)
    {
        _wanted = [.. below!.Columns];
        // An event's own columns may be masked for all runs, whether one of them reads them or not; any other name may be a slip.
        if (options.Masked.Except(_wanted).Except(ColumnNames.All).FirstOrDefault() is { } unknown)
        {
            throw new StageException(
                FailureReasons.InvalidOptions,
                $"Bridge:Policy:Masked names the column '{unknown}', which no stage below reads in this run: they read {string.Join(", ", _wanted)}.");
        }

        var read = _lists.Length == 0 ? [] : _lists.Select(list => list.Column).Append(ColumnNames.Line).Append(ColumnNames.Offset);
        below.Columns.Clear();
        below.Columns.AddRange(_wanted.Union(read));
        return ValueTask.FromResult(below);
    }

    public ValueTask ProcessAsync(Frame frame, IFrameOutput output, CancellationToken cancellationToken)
    {
        if (frame is EventFrame { Count: > 0 } events)
        {
            Reject(events);
            foreach (var column in events.Columns.Where(column => !_wanted.Contains(column.Name)).ToList())
            {
                events.Columns.Remove(column);
                column.Dispose();
            }

            for (var index = 0; index < events.Columns.Count; index++)
                events.Columns[index] = Mask(events.Columns[index], events.Count);

            return output.WriteWithRejectsAsync(events, cancellationToken);
        }

        return output.WriteAsync(frame, cancellationToken);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void Reject(EventFrame events)
    {
        if (_denied.Length < events.Count)
            _denied = new byte[events.Count];

        var denied = _denied.AsSpan(0, events.Count);
        denied.Clear();
        foreach (var (name, allowed) in _lists)
        {
            var column = events.Require(name);
            var texts = column.Texts ?? throw EventFrame.Unsound(name);
            var isDenied = new bool[texts.Count];
            for (var code = 0; code < texts.Count; code++)
                isDenied[code] = !allowed.Contains(Encoding.UTF8.GetString(texts[code]));

            for (var row = 0; row < events.Count; row++)
                denied[row] |= isDenied[column.ReadCode(row)] ? (byte)1 : (byte)0;
        }

        var rejected = events.Count - denied.Count((byte)0);
        if (rejected == 0)
            return;

        var (lines, offsets) = (events.Require(ColumnNames.Line), events.Require(ColumnNames.Offset));
        events.AddRejects(Enumerable.Range(0, events.Count).Where(row => _denied[row] != 0).Select(row =>
            new Reject { Line = lines.ReadNumber(row), Offset = offsets.ReadNumber(row), Reason = Reason, File = events.File }));
        context.Meter.Rejected += rejected;
        foreach (var column in events.Columns)
            Compaction.Apply(column, denied, events.Count - rejected);

        events.Count -= rejected;
    }

    private EventColumn Mask(EventColumn column, int count)
    {
        if (!options.Masked.Contains(column.Name))
            return column;

        if (column.Kind != ColumnKind.Text)
        {
            throw new StageException(
                FailureReasons.InvalidOptions, $"Bridge:Policy:Masked names the column '{column.Name}', which is no text: only texts can be masked.");
        }

        var masked = new EventColumn { Name = column.Name, Kind = ColumnKind.Text, Texts = new TextTable() };
        masked.Texts.Add("***"u8);
        masked.Allocate(0, count);
        column.Dispose();
        return masked;
    }
}
