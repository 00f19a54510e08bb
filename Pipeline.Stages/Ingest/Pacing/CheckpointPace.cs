namespace Pipeline.Stages.Ingest.Pacing;

/// <summary>
/// When the next checkpoint is due: an interval after the last one, but not before that is committed, nor before three times as long again has
/// passed as its commit took. So checkpoints of a large state take at most a quarter of the time; Flink has execution.checkpointing.min-pause.
/// </summary>
/// <param name="intervalMicros">Between two checkpoints; 0 = none is ever due.</param>
internal sealed class CheckpointPace(long intervalMicros)
{
    private const int Share = 4;

    // Between two looks whether the last one is committed by now.
    private const long LookMicros = 100_000;

    private readonly Lock _lock = new();
    private long _id;
    private long _setAt;
    private long? _took = 0;

    /// <summary>When to ask again.</summary>
    public long DueMicros { get; private set; } = long.MaxValue;

    /// <summary>Begins, or lets an interval pass because there is nothing to commit.</summary>
    public void Skip(long now) => DueMicros = intervalMicros == 0 ? long.MaxValue : now + intervalMicros;

    /// <summary>Whether a checkpoint is due.</summary>
    public bool IsDue(long now)
    {
        if (now < DueMicros)
            return false;

        lock (_lock)
        {
            DueMicros = _took is { } took ? Math.Max(DueMicros, _setAt + (took * Share)) : now + Math.Min(intervalMicros, LookMicros);
        }

        return now >= DueMicros;
    }

    /// <summary>A checkpoint is on its way.</summary>
    public void Set(long id, long now)
    {
        lock (_lock)
        {
            (_id, _setAt, _took) = (id, now, null);
        }

        Skip(now);
    }

    /// <summary>A checkpoint is committed. May be called at any time, from any thread.</summary>
    public void Committed(long id, long now)
    {
        lock (_lock)
        {
            _took = id == _id ? now - _setAt : _took;
        }
    }
}
