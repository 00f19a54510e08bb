using Pipeline.Contracts;
using Pipeline.Files;

namespace Pipeline.Stages.Sink.Checkpoints;

/// <summary>The checkpoints and segments in a run's folder.</summary>
internal sealed partial class CheckpointFolder(string folder, ILogger logger)
{
    /// <summary>What ends the names of files that are not whole yet.</summary>
    public const string Unfinished = ".tmp";

    private const string Prefix = "checkpoint.";
    private const string GroupsPrefix = "groups.";
    private const string SegmentSuffix = ".part";

    /// <summary>Where an attempt's checkpoint lies.</summary>
    public string Checkpoint(long attempt) => Path.Join(folder, $"{Prefix}{attempt}");

    /// <summary>Where an attempt's output before completion lies.</summary>
    public string ResultsSegment(long attempt) => Path.Join(folder, $"results.{attempt}{SegmentSuffix}");

    /// <summary>Where an attempt's rejects before completion lie.</summary>
    public string RejectsSegment(long attempt) => Path.Join(folder, $"rejects.{attempt}{SegmentSuffix}");

    /// <summary>Where an attempt sorts groups.</summary>
    public string Groups(long attempt) => Path.Join(folder, $"{GroupsPrefix}{attempt}{Unfinished}");

    /// <summary>The checkpoint of the latest attempt that has a whole one, with its segments.</summary>
    /// <param name="segmentsGone">The run was completed by an earlier version: segments need not be there.</param>
    /// <returns>Null where none was ever committed.</returns>
    /// <exception cref="StageException">There are some, and none is whole.</exception>
    public StoredCheckpoint? Load(bool segmentsGone)
    {
        string? damaged = null;
        foreach (var (path, attempt) in NumberedFiles.In(folder, Prefix).OrderByDescending(file => file.Number))
        {
            var checkpoint = StoredCheckpoint.TryOpen(path);
            var damage = checkpoint is null || checkpoint.Attempt != attempt ? $"'{path}' is damaged"
                : segmentsGone ? null
                : checkpoint.Segments.Select(FindDamage).FirstOrDefault(found => found is not null);
            if (damage is null)
                return checkpoint;

            checkpoint?.Dispose();
            LogDamaged(damage);
            damaged ??= damage;
        }

        return damaged is null
            ? null
            : throw new StageException(
                FailureReasons.CheckpointCorrupt, $"No checkpoint of the run in '{folder}' is whole: {damaged}. Start a new run.");
    }

    /// <summary>All segments there are, of whatever attempt.</summary>
    public IEnumerable<string> AllSegments() =>
        NumberedFiles.In(folder, "results.", SegmentSuffix).Concat(NumberedFiles.In(folder, "rejects.", SegmentSuffix)).Select(file => file.Path);

    /// <summary>Checkpoints of one attempt and all before it.</summary>
    public IEnumerable<string> CheckpointsUpTo(long attempt) =>
        NumberedFiles.In(folder, Prefix).Where(file => file.Number <= attempt).Select(file => file.Path);

    /// <summary>What earlier attempts than one have left when they died.</summary>
    public IEnumerable<string> UnfinishedBefore(long attempt) => NumberedFiles.In(folder, Prefix, Unfinished)
        .Concat(NumberedFiles.In(folder, GroupsPrefix, Unfinished))
        .Concat(NumberedFiles.In(folder, "completed.", Unfinished))
        .Where(file => file.Number < attempt)
        .Select(file => file.Path);

    private string? FindDamage(SegmentLengths segment) =>
        FindDamage(ResultsSegment(segment.Attempt), segment.Results) ?? FindDamage(RejectsSegment(segment.Attempt), segment.Rejects);

    private static string? FindDamage(string path, long length)
    {
        var file = new FileInfo(path);
        var there = file.Exists ? file.Length : 0;
        return there < length ? $"'{path}' has {there} of {length} bytes" : null;
    }

    [LoggerMessage(EventId = 5101, Level = LogLevel.Warning, Message = "Falling back to an earlier checkpoint: {Damage}")]
    private partial void LogDamaged(string damage);
}
