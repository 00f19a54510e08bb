using Pipeline.Stages.Core.Batching;

namespace Pipeline.Stages.Core.Runtime;

/// <summary>Handing on frames to which a stage has added rejects.</summary>
public static class RejectingOutput
{
    private const int MaxRejectBytes = 1 << 20;

    /// <summary>
    /// Hands a frame on; in several where its rejects are too many for one message: each carries the path of the file, however short its line.
    /// </summary>
    /// <param name="output">Where frames go.</param>
    /// <param name="frame">Its ownership is given up.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public static ValueTask WriteWithRejectsAsync(this IFrameOutput output, EventFrame frame, CancellationToken cancellationToken) =>
        frame.Rejects.Count > 1 && frame.Rejects.Sum(reject => (long)reject.CalculateSize()) > MaxRejectBytes
            ? WriteHalvesAsync(output, frame, cancellationToken)
            : output.WriteAsync(frame, cancellationToken);

    private static async ValueTask WriteHalvesAsync(IFrameOutput output, EventFrame frame, CancellationToken cancellationToken)
    {
        var (first, second) = FrameHalves.OfRejects(frame);
        second.More = frame.More;
        frame.Dispose();
        await output.WriteWithRejectsAsync(first, cancellationToken);
        await output.WriteWithRejectsAsync(second, cancellationToken);
    }
}
