using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Files;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Stages.Ingest.Input;
using Pipeline.Stages.Ingest.Pacing;
using Pipeline.Stages.Ingest.Positions;

namespace Pipeline.Stages.Ingest;

/// <summary>The first stage: reads NDJSON, cuts it into batches of lines, and sets the checkpoints between them.</summary>
/// <param name="context">What the attempt gives.</param>
public sealed class IngestStage(StageContext context) : ISource
{
    /// <summary>Bytes read at once: few enough to be cut and hashed while they are in the cache.</summary>
    internal const int DefaultBlockBytes = 256 * 1024;

    private Func<IFrameOutput, CancellationToken, IngestPass>? _begin;
    private CheckpointPace? _checkpoints;

    /// <summary>What its process serves.</summary>
    public static StageDefinition Definition { get; } = new("ingest", Accepts: [], Emits: [BatchKinds.Lines], context => new IngestStage(context));

    /// <summary>Bytes read at once.</summary>
    internal int BlockBytes { get; init; } = DefaultBlockBytes;

    /// <inheritdoc/>
    public ValueTask<RunOpened> OpenAsync(OpenRun open, RunOpened? below, CancellationToken cancellationToken)
    {
        IngestOptions.Require(open.Options);
        var checkpoints = _checkpoints = new CheckpointPace(open.Options.CheckpointIntervalMicros);
        var slice = open.Options.Slice;
        if (slice is { Files.Count: 0 })
            throw new StageException(FailureReasons.InvalidOptions, "The slice to read has no files.");

        var catalog = slice is null
            ? InputCatalog.Read(open.Options.Input, open.Options.WorkDirectory, context.Roots)
            : InputCatalog.ReadSlice(open.Options.Input, slice.Files, context.Roots);
        var range = ReadRange.Of(slice, catalog);
        ReadProgress progress;
        if (below?.Resume is { } resume)
        {
            var position = resume.OpenPosition()
                ?? throw new StageException(FailureReasons.CheckpointCorrupt, $"Checkpoint {resume.Id} to resume from has no position.");
            catalog.RequireSame(position.Files);
            if (position.FileIndex < 0 || position.FileIndex >= position.Files.Count || position.Offset < range.FirstOf(position.FileIndex))
                throw new StageException(FailureReasons.CheckpointCorrupt, $"Checkpoint {resume.Id} to resume from has no valid position.");

            progress = new ReadProgress(position, resume.Id, range.First);
        }
        else
        {
            progress = new ReadProgress(slice is null ? catalog.Files : slice.Files, range.First);
        }

        _begin = (output, drain) =>
            new IngestPass(context, open.Options, catalog, range, progress, checkpoints, open.RunId, output, drain) { BlockBytes = BlockBytes };
        return ValueTask.FromResult(new RunOpened { Resume = below?.Resume, Skipped = catalog.Skipped });
    }

    /// <inheritdoc/>
    public async ValueTask ReadAsync(IFrameOutput output, CancellationToken drain, CancellationToken cancellationToken)
    {
        // Where output never makes it wait, reading would not return to a caller that has other things to start.
        await Task.Yield();
        var begin = _begin ?? throw new InvalidOperationException("OpenAsync comes first.");
        await begin(output, drain).ReadAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public void Committed(long checkpoint) => _checkpoints?.Committed(checkpoint, context.Time.GetMicros());

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
