using Pipeline.Stages.Core.Batching;

namespace Pipeline.Stages.Core.Runtime;

/// <summary>Output of stages that reject events.</summary>
public static class RejectingOutput
{
    private const int MaxRejectBytes = 1 << 20;

    /// <summary>
    /// Hands a frame on, cut in several where its rejects would make the message too large: each reject carries the path of its file.
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
