using System.Collections.Concurrent;

namespace Pipeline.Stages.Core.Runtime;

/// <summary>What a process remembers of a run between two attempts: only to count, nothing depends on it.</summary>
public sealed class RunMemory
{
    private const int MaxRuns = 1024;
    private readonly ConcurrentDictionary<string, Entry> _runs = new(StringComparer.Ordinal);

    /// <summary>Lines of the input that former attempts have got to, as far as is known here; 0 where nothing is.</summary>
    public long LinesOf(string runId) => _runs.GetValueOrDefault(runId).Lines;

    /// <summary>Notes how many lines of the input an attempt got to.</summary>
    public void NoteLines(string runId, long lines) =>
        Change(runId, entry => entry with { Lines = Math.Max(entry.Lines, lines) });

    /// <summary>Notes frames that were dropped after their call had ended.</summary>
    internal void NoteDiscarded(string runId, long frames) =>
        Change(runId, entry => entry with { Untold = entry.Untold + frames });

    /// <summary>The frames that were noted, to be told now; they are forgotten here.</summary>
    internal long TakeDiscarded(string runId)
    {
        long taken = 0;
        Change(runId, entry =>
        {
            taken = entry.Untold;
            return entry with { Untold = 0 };
        });
        return taken;
    }

    private void Change(string runId, Func<Entry, Entry> change)
    {
        if (_runs.Count >= MaxRuns && !_runs.ContainsKey(runId))
            _runs.Clear();

        _runs.AddOrUpdate(runId, _ => change(default), (_, entry) => change(entry));
    }

    private readonly record struct Entry(long Lines, long Untold);
}
