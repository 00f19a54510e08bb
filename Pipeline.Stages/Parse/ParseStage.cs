using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Runtime;

namespace Pipeline.Stages.Parse;

/// <summary>Validates and structures: lines come in; events by column, work items and rejects go out.</summary>
/// <param name="context">What the attempt gives to its stage.</param>
public sealed class ParseStage(StageContext context) : ITransform
{
    private LineFrameParser? _parser;

    /// <summary>What its process serves.</summary>
    public static StageDefinition Definition { get; } = new(
        "parse", Accepts: [BatchKinds.Lines], Emits: [BatchKinds.Events, BatchKinds.WorkItems], context => new ParseStage(context));

    /// <inheritdoc/>
    public ValueTask<RunOpened> OpenAsync(OpenRun open, RunOpened? below, CancellationToken cancellationToken)
    {
        _parser = new LineFrameParser(below?.Columns ?? [], open.Options?.AllowedTypes ?? [], context.Meter, gathers: open.Options?.BatchSize == 0);
        return ValueTask.FromResult(new RunOpened { Resume = below?.Resume });
    }

    /// <inheritdoc/>
    public ValueTask ProcessAsync(Frame frame, IFrameOutput output, CancellationToken cancellationToken) =>
        frame is LineFrame lines ? ParseAsync(lines, output, cancellationToken) : HandOnAsync(frame, output, cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _parser?.TakeGathered()?.Dispose();
        return ValueTask.CompletedTask;
    }

    private async ValueTask ParseAsync(LineFrame lines, IFrameOutput output, CancellationToken cancellationToken)
    {
        using (lines)
        {
            var parser = _parser ?? throw new InvalidOperationException("The stage was not opened.");
            if (parser.TakeGathered(lines) is { } before)
                await output.WriteAsync(before, cancellationToken);

            parser.Begin(lines);
            while (parser.Next(cancellationToken) is { } frame)
                await output.WriteAsync(frame, cancellationToken);
        }
    }

    // Whatever it is, it comes after all lines before it.
    private async ValueTask HandOnAsync(Frame frame, IFrameOutput output, CancellationToken cancellationToken)
    {
        if (_parser?.TakeGathered() is { } events)
            await output.WriteAsync(events, cancellationToken);

        await output.WriteAsync(frame, cancellationToken);
    }
}
