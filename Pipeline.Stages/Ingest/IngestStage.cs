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

    private IngestOptions? _options;
    private InputCatalog? _catalog;
    private ReadRange _range;
    private ReadProgress? _progress;
    private CheckpointPace? _checkpoints;
    private string _runId = "";

    /// <summary>Bytes read at once.</summary>
    internal int BlockBytes { get; init; } = DefaultBlockBytes;

    /// <inheritdoc/>
    public ValueTask<RunOpened> OpenAsync(OpenRun open, RunOpened? below, CancellationToken cancellationToken)
    {
        _runId = open.RunId;
        _options = IngestOptions.From(open.Options);
        _checkpoints = new CheckpointPace(_options.CheckpointMicros);
        var slice = open.Options.Slice;
        if (slice is { Files.Count: 0 })
            throw new StageException(FailureReasons.InvalidOptions, "The slice to read has no files.");

        _catalog = slice is null
            ? InputCatalog.Read(open.Options.Input, open.Options.WorkDirectory, context.Roots)
            : InputCatalog.ReadSlice(open.Options.Input, slice.Files, context.Roots);
        _range = ReadRange.Of(slice, _catalog);
        if (below?.Resume is { } resume)
        {
            var position = resume.OpenPosition()
                ?? throw new StageException(FailureReasons.CheckpointCorrupt, $"Checkpoint {resume.Id} to resume from has no position.");
            _catalog.RequireSame(position.Files);
            if (position.FileIndex < 0 || position.FileIndex >= position.Files.Count || position.Offset < _range.FirstOf(position.FileIndex))
                throw new StageException(FailureReasons.CheckpointCorrupt, $"Checkpoint {resume.Id} to resume from has no valid position.");

            _progress = new ReadProgress(position, resume.Id, _range.First);
        }
        else
        {
            _progress = new ReadProgress(slice is null ? _catalog.Files : slice.Files, _range.First);
        }

        return ValueTask.FromResult(new RunOpened { Resume = below?.Resume, Skipped = _catalog.Skipped });
    }

    /// <inheritdoc/>
    public async ValueTask ReadAsync(IFrameOutput output, CancellationToken drain, CancellationToken cancellationToken)
    {
        // Where output never makes it wait, reading would not return to a caller that has other things to start.
        await Task.Yield();
        if (_options is null || _catalog is null || _progress is null || _checkpoints is null)
            throw new InvalidOperationException("OpenAsync comes first.");

        var pass = new IngestPass(context, _options, _catalog, _range, _progress, _checkpoints, _runId, output, drain) { BlockBytes = BlockBytes };
        await pass.ReadAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public void Committed(long checkpoint) => _checkpoints?.Committed(checkpoint, context.Time.GetMicros());

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
