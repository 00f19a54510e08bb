using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Stages.Rules.Definition;
using Pipeline.Stages.Rules.Evaluation;
using Pipeline.Stages.Rules.WorkItems;

namespace Pipeline.Stages.Rules;

/// <summary>Filters and enriches events by rules that are data, and scores work items.</summary>
public sealed class RulesStage(StageContext context) : ITransform
{
    // Bytes of a message that copies of an event's texts may take; 2 MiB are left for its other columns.
    private const int MaxLineTextBytes = StageContract.MaxMessageBytes - (2 << 20);

    private RuleProgram? _program;
    private long _filtered; // dropped, and not yet told to the stage below

    /// <summary>What its process serves.</summary>
    public static StageDefinition Definition { get; } = new(
        "rules", Accepts: [BatchKinds.Events, BatchKinds.WorkItems], Emits: [BatchKinds.Events, BatchKinds.WorkItems],
        context => new RulesStage(context), Check);

    /// <summary>The mistakes in the rules of a run, its unknown columns, and where it has a slice, what cannot be done to a part of the input.</summary>
    public static IReadOnlyList<OptionError> Check(RunOptions options)
    {
        if (RuleSet.TryParse(options.Rules, out var mistakes) is not { } rules)
        {
            return [.. mistakes.Select(
                mistake => new OptionError { Option = "rules", Message = mistake.Message, Line = mistake.Line, Column = mistake.Column })];
        }

        try
        {
            rules.CheckColumns(options.GroupBy);
            RequireFits(options, new RulePlan(rules, options.GroupBy).Copies);
            return DependsOnLines(options, rules, [ColumnNames.Value])
                ? [new OptionError { Option = options.GroupBy.Contains(ColumnNames.Line) ? "group_by" : "rules", Message = SlicedRuns.NoLines }]
                : [];
        }
        catch (StageException error)
        {
            return [new OptionError { Option = "group_by", Message = error.Message }];
        }
    }

    /// <inheritdoc/>
    /// <exception cref="StageException">
    /// invalid_rules; invalid_options where a column to group by is unknown, a slice's lines would be counted, or an event may be too long for a message.
    /// </exception>
    public ValueTask<RunOpened> OpenAsync(OpenRun open, RunOpened? below, CancellationToken cancellationToken)
    {
        var rules = RuleSet.Parse(open.Options.Rules);
        rules.CheckColumns(open.Options.GroupBy);
        IReadOnlyCollection<string> wanted = below is null ? rules.Columns : below.Columns;
        rules.CheckColumns(wanted);
        _program = new RuleProgram(rules, wanted, cancellationToken);
        RequireFits(open.Options, _program.Copies);
        // A stage below that computes with line numbers refuses a slice itself; others ask for them only to report rejects.
        if (DependsOnLines(open.Options, rules, wanted.Where(name => name != ColumnNames.Line)))
            throw new StageException(FailureReasons.InvalidOptions, SlicedRuns.NoLines);

        var opened = new RunOpened { Resume = below?.Resume };
        opened.Columns.AddRange(_program.Columns);
        return ValueTask.FromResult(opened);
    }

    /// <inheritdoc/>
    public async ValueTask ProcessAsync(Frame frame, IFrameOutput output, CancellationToken cancellationToken)
    {
        switch (frame)
        {
            case EventFrame events:
                await ProcessAsync(events, output, cancellationToken);
                return;
            case MessageFrame { Message.InputCase: StageInput.InputOneofCase.WorkItems } work:
                foreach (var item in work.Message.WorkItems.Items)
                    WorkItemScore.Apply(item);

                break;
            case MessageFrame:
                await FlushAsync(output, cancellationToken);
                break;
        }

        await output.WriteAsync(frame, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _program?.Dispose();
        return ValueTask.CompletedTask;
    }

    private async ValueTask ProcessAsync(EventFrame frame, IFrameOutput output, CancellationToken cancellationToken)
    {
        if (frame.Count > 0)
        {
            var program = _program ?? throw new InvalidOperationException("The stage was not opened.");
            if (!program.TryApply(frame, out var dropped, out var failed))
            {
                var (first, second) = FrameHalves.Of(frame);
                frame.Dispose();
                await ProcessAsync(first, output, cancellationToken);
                await ProcessAsync(second, output, cancellationToken);
                return;
            }

            context.Meter.Filtered += dropped;
            context.Meter.Rejected += failed;
        }

        _filtered += frame.Filtered;
        if (frame.Count == 0 && frame.Rejects.Count == 0)
        {
            frame.Dispose();
            return;
        }

        frame.Filtered = _filtered;
        _filtered = 0;
        await output.WriteWithRejectsAsync(frame, cancellationToken);
    }

    // Lines of a slice are counted from its own start.
    private static bool DependsOnLines(RunOptions options, RuleSet rules, IEnumerable<string> wanted) =>
        options.Slice is not null && new RulePlan(rules, [.. options.GroupBy, .. wanted]).ReadsLine;

    private static void RequireFits(RunOptions options, int copies)
    {
        var most = MaxLineTextBytes / (1 + copies);
        if (copies > 0 && options.MaxLineBytes > most)
        {
            throw new StageException(
                FailureReasons.InvalidOptions,
                $"{copies} of the columns to hand on are copies of type or user: with lines of up to {options.MaxLineBytes} bytes an event could be "
                + $"too long for a message; allow lines of {most} bytes at most (--max-line-bytes), or group by fewer copies");
        }
    }

    // What is counted before a checkpoint, or before the end, must be there when it comes.
    private ValueTask FlushAsync(IFrameOutput output, CancellationToken cancellationToken)
    {
        if (_filtered == 0)
            return ValueTask.CompletedTask;

        var frame = new EventFrame { Filtered = _filtered };
        _filtered = 0;
        return output.WriteAsync(frame, cancellationToken);
    }
}
