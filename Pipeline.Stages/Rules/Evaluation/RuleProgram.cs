using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Rules.Definition;
using Pipeline.Stages.Rules.Expressions;

namespace Pipeline.Stages.Rules.Evaluation;

/// <summary>Rules compiled for one attempt: applies them to frames, whole columns at a time.</summary>
internal sealed class RuleProgram : IDisposable
{
    private readonly RulePlan _plan;
    private readonly FrameRows _rows;
    private readonly List<Step> _steps = [];
    private readonly List<EventColumn> _output = [];

    /// <summary>Compiles rules.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="wanted">Columns that are wanted below, each of which exists.</param>
    /// <param name="cancellationToken">Ends it between two rules: thousands of words take seconds.</param>
    public RuleProgram(RuleSet rules, IReadOnlyCollection<string> wanted, CancellationToken cancellationToken = default)
    {
        _plan = new RulePlan(rules, wanted);
        _rows = new FrameRows(rules.Slots);
        var drops = new DropSteps(rules.Slots, _steps);
        foreach (var rule in _plan.Rules)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (rule is SetRule set)
                _steps.Add(new ExpressionStep(set.Expression.Body, [.. set.Expression.Reads], Outcome.Kept, set.Target));
            else
                drops.Add(rule.Expression.Body);
        }
    }

    /// <summary>Columns to ask for above.</summary>
    public IReadOnlyList<string> Columns => [.. _plan.Input.Select(slot => slot.Name)];

    /// <inheritdoc cref="RulePlan.Copies"/>
    public int Copies => _plan.Copies;

    /// <summary>Applies the rules, in place.</summary>
    /// <param name="frame">Of one event at least; its Filtered and Rejects grow.</param>
    /// <param name="dropped">Events dropped.</param>
    /// <param name="failed">Events rejected.</param>
    /// <returns>False: nothing was done, the frame must be cut in two first.</returns>
    /// <exception cref="StageException">protocol_violation: a column is missing, or not what it must be.</exception>
    public bool TryApply(EventFrame frame, out int dropped, out int failed)
    {
        Bind(frame);
        (dropped, failed) = (0, 0);
        foreach (var step in _steps)
        {
            if (!step.TryApply(_rows))
            {
                Forget();
                return false;
            }
        }

        dropped = _rows.State.Count(Outcome.Dropped);
        failed = _rows.State.Count(Outcome.Failed);
        if (failed > 0)
            frame.AddRejects(FailedIn(frame));

        HandOn(frame, frame.Count - dropped - failed);
        frame.Filtered += dropped;
        return true;
    }

    public void Dispose()
    {
        Forget();
        _rows.Dispose();
        foreach (var step in _steps)
            step.Dispose();
    }

    private void Bind(EventFrame frame)
    {
        _rows.Begin(frame.Count);
        foreach (var slot in _plan.Input)
        {
            var column = frame.Find(slot.Name);
            if (column is null || column.Kind != slot.Kind || column.DataLength != column.Width * frame.Count)
            {
                throw new StageException(
                    FailureReasons.ProtocolViolation,
                    $"a batch of events without a sound column '{slot.Name}' of kind {Types.Name(slot.Kind)}, which this stage had asked for");
            }

            _rows.Bind(slot, column);
        }
    }

    // The lines of rows that could not be evaluated.
    private IEnumerable<Reject> FailedIn(EventFrame frame)
    {
        var (lines, offsets) = (frame.Find(ColumnNames.Line)!, frame.Find(ColumnNames.Offset)!);
        for (var row = 0; row < frame.Count; row++)
        {
            if (_rows.State[row] == Outcome.Failed)
                yield return new Reject { Line = lines.ReadNumber(row), Offset = offsets.ReadNumber(row), Reason = "rule_failed", File = frame.File };
        }
    }

    private void HandOn(EventFrame frame, int kept)
    {
        var output = _output;
        foreach (var slot in kept > 0 ? _plan.Output : [])
            output.Add(_rows.Column(slot));

        foreach (var column in frame.Columns)
        {
            if (!output.Contains(column))
                column.Dispose();
        }

        foreach (var column in output)
        {
            _rows.Made.Remove(column);
            if (kept < frame.Count)
                Compaction.Apply(column, _rows.State, kept);
        }

        Forget();
        frame.Columns.Clear();
        frame.Columns.AddRange(output);
        output.Clear();
        frame.Count = kept;
    }

    // Columns that rules made and nobody wants.
    private void Forget()
    {
        foreach (var column in _rows.Made)
            column.Dispose();

        _rows.Made.Clear();
    }
}
