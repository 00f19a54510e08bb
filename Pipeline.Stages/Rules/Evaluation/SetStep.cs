using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Rules.Definition;
using Pipeline.Stages.Rules.Expressions;

namespace Pipeline.Stages.Rules.Evaluation;

/// <summary>
/// Makes the column of a set rule. The expression is evaluated for "entries": the distinct raw values of the one narrow column
/// that it reads, or combinations of those of several, or, where there is none such, the rows. Only entries that a living row has are
/// evaluated, so that nothing about the column depends on rows that are gone.
/// </summary>
internal sealed class SetStep(SetRule rule) : IDisposable
{
    // Of a rule that reads no column: every row has the first entry.
    private static readonly List<int> First = [0];
    private static readonly EventColumn SameForAll = new() { Name = "", Kind = ColumnKind.Number };

    private readonly ResultEvaluator _evaluator = new(rule.Expression);
    private readonly ResultColumn _columns = new(rule.Target);
    private readonly EntryMemo<Result>? _memo = rule.Expression.Reads is [var only] ? new EntryMemo<Result>(only, default) : null;
    private readonly Slot[] _reads = [.. rule.Expression.Reads];
    private readonly Combination _combined = new(rule.Expression.Reads.Count, FrameRows.CombinationsPerRow);
    private readonly List<int> _used = [];
    private Result[] _entries = [];
    private bool[] _isUsed = [];

    /// <summary>The column that is made.</summary>
    public Slot Target => rule.Target;

    /// <summary>Makes the column.</summary>
    /// <returns>Null: the rows' numbers have no scale in common, or their texts are too long; the frame must be cut in two.</returns>
    public EventColumn? TryMake(FrameRows rows)
    {
        if (_evaluator.Trim())
            _memo?.Clear();

        if (_reads.Length == 0)
            return Constant(rows);

        var single = _reads is [var only] && rows.Column(only) is { Domain: > 0 } narrow ? narrow : null;
        var combined = _reads.Length > 1 && rows.TryCombine(_reads, _combined) ? _combined.Codes : default;
        Grow(single is not null ? single.Domain : combined.IsEmpty ? rows.Count : _combined.Domain);
        var column = TryEvaluate(rows, single, combined) ? _columns.TryMake(rows.Count, _entries, _used, single, combined, _evaluator) : null;
        foreach (var entry in _used)
            _isUsed[entry] = false;

        _used.Clear();
        return column;
    }

    public void Dispose() => _evaluator.Dispose();

    private EventColumn? Constant(FrameRows rows)
    {
        Grow(1);
        _entries[0] = _evaluator.Evaluate(rows.Cursor);
        return _columns.TryMake(rows.Count, _entries, First, SameForAll, default, _evaluator);
    }

    private bool TryEvaluate(FrameRows rows, EventColumn? single, ReadOnlySpan<int> combined)
    {
        var state = rows.State;
        var memo = single is null ? null : _memo!.For(rows);
        var ids = single?.Kind == ColumnKind.Text ? rows.Texts(_reads[0]).Ids : default;
        for (var row = 0; row < state.Length; row++)
        {
            if (state[row] != 0)
                continue;

            var entry = single is not null ? single.ReadCode(row) : combined.IsEmpty ? row : combined[row];
            if (!_isUsed[entry])
            {
                _isUsed[entry] = true;
                _used.Add(entry);
                ref var known = ref (memo is null ? ref _entries[entry] : ref memo[ids.IsEmpty ? entry : ids[entry]]);
                if (memo is null || known.Status == ResultStatus.Unknown)
                {
                    Fill(rows, single, combined, row, entry);
                    known = _evaluator.Evaluate(rows.Cursor);
                    if (_evaluator.IsFull && _used.Count > 1)
                        return false;
                }

                _entries[entry] = known;
            }

            if (rule.Expression.CanFail && _entries[entry].Status == ResultStatus.Failed)
                state[row] = Outcome.Failed;
        }

        return true;
    }

    private void Fill(FrameRows rows, EventColumn? single, ReadOnlySpan<int> combined, int row, int entry)
    {
        if (single is not null)
        {
            rows.FillEntry(_reads[0], entry);
        }
        else if (!combined.IsEmpty)
        {
            rows.FillEntry(_reads, _combined, entry);
        }
        else
        {
            foreach (var slot in _reads)
                rows.Fill(slot, row);
        }
    }

    private void Grow(int entries)
    {
        if (_entries.Length < entries)
        {
            Array.Resize(ref _entries, Math.Max(entries, _entries.Length * 2));
            Array.Resize(ref _isUsed, _entries.Length);
        }
    }
}
