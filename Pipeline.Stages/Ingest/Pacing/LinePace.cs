namespace Pipeline.Stages.Ingest.Pacing;

/// <summary>When lines come due: evenly, at a number of lines per second, from the moment that reading starts.</summary>
/// <param name="rate">Lines per second; 0 = all lines are due at once.</param>
/// <param name="startMicros">The first line is due then.</param>
internal sealed class LinePace(double rate, long startMicros)
{
    private const double MicrosPerSecond = 1_000_000;

    /// <summary>Whether lines have to be waited for.</summary>
    public bool IsPaced => rate > 0;

    /// <summary>When the line of that index is due.</summary>
    public long DueMicros(long index) => rate > 0 ? startMicros + (long)Math.Ceiling(Math.Min(index / rate * MicrosPerSecond, long.MaxValue / 4)) : startMicros;

    /// <summary>Lines due at that time, in all.</summary>
    public long Due(long nowMicros)
    {
        if (rate <= 0)
            return long.MaxValue;

        var due = Math.Max(0, (long)Math.Min((nowMicros - startMicros) * rate / MicrosPerSecond, long.MaxValue / 4));

        // Rounding must not make a line due that DueMicros calls late, or the wait for it would be endless or empty.
        while (due > 0 && DueMicros(due) > nowMicros)
            due--;

        return due + (DueMicros(due) <= nowMicros ? 1 : 0);
    }
}
