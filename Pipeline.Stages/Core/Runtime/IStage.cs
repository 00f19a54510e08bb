using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;

namespace Pipeline.Stages.Core.Runtime;

/// <summary>What a stage does in one attempt at one run: a plain class without gRPC. One instance per attempt, used by one caller at a time.</summary>
public interface IStage : IAsyncDisposable
{
    /// <summary>
    /// The state that a stage has stored for Aggregate, from which the attempt goes on: pages of groups, each read when asked for, to be sent
    /// up before the answer of <see cref="OpenAsync"/>. The last stage has some; all others none.
    /// </summary>
    IEnumerable<Checkpoint> StoredPages => [];

    /// <summary>Takes a page of that state as it comes from below, before <see cref="OpenAsync"/>.</summary>
    /// <param name="open">The run, as for <see cref="OpenAsync"/>.</param>
    /// <param name="page">The page.</param>
    /// <returns>False: it is not this stage's state, and goes on to the stage above.</returns>
    /// <exception cref="StageException">The run cannot be done here, or the state does not fit it.</exception>
    bool Restore(OpenRun open, Checkpoint page) => false;

    /// <summary>Prepares for the attempt.</summary>
    /// <param name="open">The run, its options and the attempt; its route is for the runtime.</param>
    /// <param name="below">What the stage below answered last; null at the last stage.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>What goes up: resume as it came (the last stage: as it is stored, without groups), columns as this stage needs them.</returns>
    /// <exception cref="StageException">The run cannot be done here, and why.</exception>
    ValueTask<RunOpened> OpenAsync(OpenRun open, RunOpened? below, CancellationToken cancellationToken);
}

/// <summary>A stage that takes frames from above: all but the first.</summary>
public interface ITransform : IStage
{
    /// <summary>Takes one frame (and owns it), hands on what comes of it.</summary>
    /// <remarks>
    /// Frames come in the order of the contract: batches and checkpoints (a page at a time), last EndOfInput or Control.
    /// What a stage does not know or need it hands on as it is.
    /// </remarks>
    /// <exception cref="StageException">The frame cannot be processed, and why.</exception>
    ValueTask ProcessAsync(Frame frame, IFrameOutput output, CancellationToken cancellationToken);
}

/// <summary>The first stage: it reads the input.</summary>
public interface ISource : IStage
{
    /// <summary>Reads from where the attempt resumes to the end, or until it is to drain; closes with Checkpoint and EndOfInput or Control.</summary>
    /// <param name="output">Where frames go.</param>
    /// <param name="drain">Cancelled when reading is to stop at a checkpoint.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="StageException">The input cannot be read, or is not what it was.</exception>
    ValueTask ReadAsync(IFrameOutput output, CancellationToken drain, CancellationToken cancellationToken);

    /// <summary>Hears that a checkpoint is durable, while it reads.</summary>
    /// <param name="checkpoint">Its id.</param>
    void Committed(long checkpoint);
}

/// <summary>Where a stage hands frames on.</summary>
public interface IFrameOutput
{
    /// <summary>Hands a frame on and gives up its ownership; returns when the hop below has room for more. Small frames may wait for company.</summary>
    ValueTask WriteAsync(Frame frame, CancellationToken cancellationToken);

    /// <summary>Sends what waits for company. To be called by a source before it waits itself; the runtime calls it for all others.</summary>
    ValueTask FlushAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;
}

/// <summary>Where a stage answers to those above: the last stage its commits and its completion.</summary>
public interface IAnswerOutput
{
    /// <summary>Sends an answer up; never waits.</summary>
    void Answer(StageOutput answer);
}
