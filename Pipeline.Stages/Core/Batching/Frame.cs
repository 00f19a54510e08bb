using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Core.Batching;

/// <summary>
/// One message on its way down, in memory. Whoever holds a frame owns it: hands it on or disposes it, once.
/// The two hot kinds, <see cref="LineFrame"/> and <see cref="EventFrame"/>, keep their data in pooled buffers.
/// </summary>
public abstract class Frame : IDisposable
{
    /// <summary>Lines, events or work items in it; 0 for a frame that carries no data.</summary>
    public abstract int Items { get; }

    /// <summary>The next frame follows at once: what comes of this one may wait for what comes of that.</summary>
    public virtual bool More { get; set; }

    /// <summary>Gives the frame's buffers back.</summary>
    public abstract void Dispose();
}

/// <summary>A frame of any kind but lines and events, as the contract's message.</summary>
/// <param name="message">The message; not a LineBatch or EventBatch.</param>
public sealed class MessageFrame(StageInput message) : Frame
{
    /// <summary>The message.</summary>
    public StageInput Message => message;

    /// <inheritdoc/>
    public override int Items => message.WorkItems?.Items.Count ?? 0;

    /// <inheritdoc/>
    /// <value>Only a batch of work items can tell.</value>
    public override bool More
    {
        get => message.WorkItems?.More ?? false;
        set
        {
            if (message.WorkItems is { } items)
                items.More = value;
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
    }
}
