using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Rules.Definition;
using Pipeline.Stages.Rules.Expressions;

namespace Pipeline.Stages.Rules.Evaluation;

/// <summary>
/// Makes the column of a set rule. The expression is evaluated for "entries": the distinct raw values of the one narrow column
/// that it reads, or combinations of those of several, or, where there is none such, the rows. Only entries that a living row has are evaluated, so that nothing
/// about the column depends on rows that are gone.
/// </summary>
internal sealed class SetStep(SetRule rule) : IDisposable
{
    private readonly ResultEvaluator _evaluator = new(rule.Expression);
    private readonly ResultColumn _columns = new(rule.Target);
    private readonly EntryMemo<Result>? _memo = rule.Expression.Reads is [var only] ? new EntryMemo<Result>(only, default) : null;
    private readonly RowEntries? _combined = rule.Expression.Reads.Count > 1 ? new RowEntries([.. rule.Expression.Reads]) : null;
    private readonly List<int> _used = [];
    private Result[] _entries = [];
    private bool[] _isUsed = [];

    /// <summary>The column that is made.</summary>
    public Slot Target => rule.Target;

    /// <summary>Makes the column.</summary>
    /// <returns>Null: the rows' numbers have no scale in common, the frame must be cut in two.</returns>
    public EventColumn? TryMake(FrameRows rows)
    {
        if (_evaluator.Trim())
        {
            _memo?.Clear();
        }

        var reads = rule.Expression.Reads;
        if (reads.Count == 0)
        {
            return Constant(rows);
        }

        EventColumn? source = null;
        ReadOnlySpan<int> entries = default;
        var domain = 0;
        if (reads.Count == 1 && rows.Domain(reads[0]) is > 0 and var single)
        {
            domain = single;
            source = rows.Column(reads[0]);
            EvaluateUsed(rows, reads[0], source, domain);
        }
        else if (_combined is not null && _combined.TryCombine(rows))
        {
            domain = _combined.Domain;
            entries = _combined.Entries;
            EvaluateCombined(rows, _combined);
        }
        else
        {
            EvaluateRows(rows);
        }

        var column = _columns.TryMake(rows.Count, _entries, _used, source, entries, _evaluator);
        Reset(domain);
        return column;
    }

    public void Dispose() => _evaluator.Dispose();

    private EventColumn Constant(FrameRows rows)
    {
        Grow(1, 0);
        _entries[0] = _evaluator.Evaluate(rows.Cursor);
        return _columns.MakeConstant(rows.Count, _entries, _evaluator);
    }

    private void EvaluateUsed(FrameRows rows, Slot slot, EventColumn source, int domain)
    {
        Grow(domain, domain);
        MarkUsed(source, rows.State);
        var memo = _memo!.For(rows);
        var ids = slot.Kind == ColumnKind.Text ? rows.Texts(slot).Ids : default;
        var failed = false;
        foreach (var entry in _used)
        {
            ref var known = ref memo[ids.IsEmpty ? entry : ids[entry]];
            if (known.Status == ResultStatus.Unknown)
            {
                rows.FillEntry(slot, entry);
                known = _evaluator.Evaluate(rows.Cursor);
            }

            _entries[entry] = known;
            failed |= known.Status == ResultStatus.Failed;
        }

        for (var row = 0; failed && row < rows.Count; row++)
        {
            if (rows.State[row] == 0 && _entries[ColumnAccess.ReadCode(source.Data, source.Width, row)].Status == ResultStatus.Failed)
            {
                rows.State[row] = Outcome.Failed;
            }
        }
    }

    private void MarkUsed(EventColumn source, ReadOnlySpan<byte> state)
    {
        for (var row = 0; row < state.Length; row++)
        {
            if (state[row] != 0)
            {
                continue;
            }

            var entry = ColumnAccess.ReadCode(source.Data, source.Width, row);
            if (!_isUsed[entry])
            {
                _isUsed[entry] = true;
                _used.Add(entry);
            }
        }
    }

    private void EvaluateCombined(FrameRows rows, RowEntries combined)
    {
        Grow(combined.Domain, combined.Domain);
        var state = rows.State;
        var entries = combined.Entries;
        for (var row = 0; row < state.Length; row++)
        {
            if (state[row] != 0)
            {
                continue;
            }

            var entry = entries[row];
            if (!_isUsed[entry])
            {
                _isUsed[entry] = true;
                _used.Add(entry);
                combined.FillEntry(rows, entry);
                _entries[entry] = _evaluator.Evaluate(rows.Cursor);
            }

            if (_entries[entry].Status == ResultStatus.Failed)
            {
                state[row] = Outcome.Failed;
            }
        }
    }

    private void EvaluateRows(FrameRows rows)
    {
        Grow(rows.Count, 0);
        for (var row = 0; row < rows.Count; row++)
        {
            if (rows.State[row] != 0)
            {
                continue;
            }

            foreach (var slot in rule.Expression.Reads)
            {
                rows.Fill(slot, row);
            }

            _entries[row] = _evaluator.Evaluate(rows.Cursor);
            if (_entries[row].Status == ResultStatus.Failed)
            {
                rows.State[row] = Outcome.Failed;
            }
            else
            {
                _used.Add(row);
            }
        }
    }

    private void Grow(int entries, int domain)
    {
        if (_entries.Length < entries)
        {
            _entries = new Result[Math.Max(entries, _entries.Length * 2)];
        }

        if (_isUsed.Length < domain)
        {
            _isUsed = new bool[Math.Max(domain, _isUsed.Length * 2)];
        }
    }

    private void Reset(int domain)
    {
        foreach (var entry in domain > 0 ? _used : [])
        {
            _isUsed[entry] = false;
        }

        _used.Clear();
    }
}
