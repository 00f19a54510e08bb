using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Core.Route;
using Pipeline.Stages.Core.Wire;

namespace Pipeline.Stages.Core.Runtime;

/// <summary>The source's frames to below; from above it hears only Control.</summary>
/// <param name="source">Reads the input.</param>
/// <param name="reader">What comes from above.</param>
/// <param name="edge">Counts what passes.</param>
internal sealed class SourceLoop(ISource source, FrameReader reader, EdgeMeter edge)
{
    /// <summary>Reads until the input ends or the source is told to drain.</summary>
    /// <param name="output">Where its frames go.</param>
    /// <param name="downstream">The hop that they go to; null = none.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="StageException">The input cannot be read, or something else than Control came from above.</exception>
    public async Task RunAsync(IFrameOutput output, Downstream? downstream, CancellationToken cancellationToken)
    {
        using var drain = new CancellationTokenSource();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var control = ListenAsync(drain, over.Token);
        var reading = ReadAsync(output, downstream, drain.Token, over.Token);
        try
        {
            if (await Task.WhenAny(reading, control) == control && control.IsFaulted)
                await control;

            await reading;
        }
        finally
        {
            // What they write to and read from is gone when this returns: they must have ended by then.
            await over.CancelAsync();
            await Task.WhenAll(reading, control).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ReadAsync(IFrameOutput output, Downstream? downstream, CancellationToken drain, CancellationToken cancellationToken)
    {
        await source.ReadAsync(new SourceOutput(output, edge), drain, cancellationToken);
        await (downstream?.CompleteAsync(cancellationToken) ?? ValueTask.CompletedTask);
    }

    private async Task ListenAsync(CancellationTokenSource drain, CancellationToken cancellationToken)
    {
        do
        {
            while (reader.TryRead(out var frame))
            {
                using (frame)
                {
                    if (frame is not MessageFrame { Message.Control.Action: ControlAction.Drain })
                        throw ProtoReader.Violation("a source takes Control only");
                }

                await drain.CancelAsync();
            }
        }
        while (await reader.WaitAsync(cancellationToken));
    }
}
