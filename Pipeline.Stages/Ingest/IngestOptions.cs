using Pipeline.Contracts;
using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Ingest;

/// <summary>What of a run's options concerns Ingest.</summary>
internal static class IngestOptions
{
    /// <summary>Bytes of a batch at automatic size: a message costs the same whatever it holds, and more than this no longer stays in a core's cache.</summary>
    public const int AutoBatchBytes = 192 * 1024;

    /// <summary>Most bytes of a batch of any size, unless of one line.</summary>
    public const int MaxBatchBytes = 4 * 1024 * 1024;

    /// <summary>Tells everything that is wrong with the options.</summary>
    /// <exception cref="StageException">Something is.</exception>
    public static void Require(RunOptions options)
    {
        var errors = new List<string>();
        Check("batch_size", options.BatchSize, 0, RunLimits.MaxBatchLines);
        Check("linger_micros", options.LingerMicros, 0, RunLimits.MaxLingerMicros);
        Check("max_line_bytes", options.MaxLineBytes, RunLimits.MinLineBytes, RunLimits.MaxLineBytes);
        if (options.CheckpointIntervalMicros != 0)
        {
            Check(
                "checkpoint_interval_micros", options.CheckpointIntervalMicros,
                RunLimits.MinCheckpointMicros, RunLimits.MaxCheckpointMicros);
        }

        if (!(options.Rate is >= 0 and <= RunLimits.MaxRate))
            errors.Add($"rate is {options.Rate}; it must be 0 (as fast as it goes) to {RunLimits.MaxRate}.");

        if (errors.Count > 0)
            throw new StageException(FailureReasons.InvalidOptions, string.Join(' ', errors));

        void Check(string name, long value, long least, long most)
        {
            if (value < least || value > most)
                errors.Add($"{name} is {value}; it must be {least} to {most}.");
        }
    }
}
