using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Runtime;

namespace Pipeline.Stages.Parse;

/// <summary>Validates and structures: lines come in; events by column, work items and rejects go out.</summary>
/// <param name="context">What the attempt gives to its stage.</param>
public sealed class ParseStage(StageContext context) : ITransform
{
    private LineFrameParser? _parser;

    /// <inheritdoc/>
    public ValueTask<RunOpened> OpenAsync(OpenRun open, RunOpened? below, CancellationToken cancellationToken)
    {
        _parser = new LineFrameParser(below?.Columns ?? [], open.Options?.AllowedTypes ?? [], context.Meter);
        return ValueTask.FromResult(new RunOpened { Resume = below?.Resume });
    }

    /// <inheritdoc/>
    public ValueTask ProcessAsync(Frame frame, IFrameOutput output, CancellationToken cancellationToken) =>
        frame is LineFrame lines ? ParseAsync(lines, output, cancellationToken) : output.WriteAsync(frame, cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async ValueTask ParseAsync(LineFrame lines, IFrameOutput output, CancellationToken cancellationToken)
    {
        using (lines)
        {
            var parser = _parser ?? throw new InvalidOperationException("The stage was not opened.");
            parser.Begin(lines);
            while (parser.Next(cancellationToken) is { } frame)
            {
                await output.WriteAsync(frame, cancellationToken);
            }
        }
    }
}
