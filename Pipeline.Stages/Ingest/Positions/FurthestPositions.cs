using System.Collections.Concurrent;

namespace Pipeline.Stages.Ingest.Positions;

/// <summary>How far any attempt of a run has read the input in this process: only to count what is read again.</summary>
internal static class FurthestPositions
{
    private const int MaxRuns = 1024;
    private static readonly ConcurrentDictionary<string, long> BytesByRun = new(StringComparer.Ordinal);

    /// <summary>Bytes of all files; 0 where nothing is known.</summary>
    public static long Of(string runId) => BytesByRun.GetValueOrDefault(runId);

    /// <summary>Notes how far a run got.</summary>
    public static void Note(string runId, long bytes)
    {
        if (BytesByRun.Count >= MaxRuns && !BytesByRun.ContainsKey(runId))
        {
            BytesByRun.Clear();
        }

        BytesByRun.AddOrUpdate(runId, bytes, (_, before) => Math.Max(before, bytes));
    }
}
