using System.Text.Json.Serialization;

namespace Pipeline.Orchestrator.Runs;

/// <summary>How far a run was at a moment.</summary>
/// <param name="Millis">Time since the run was stored.</param>
/// <param name="Lines">Lines that the first stage has read.</param>
/// <param name="Attempt">The attempt that read them.</param>
/// <param name="Checkpoint">The last committed checkpoint; 0 = none.</param>
internal sealed record SpeedPoint(long Millis, long Lines, long Attempt, long Checkpoint);

/// <summary>Lines read over time of a run: a bounded number of points, however long it takes.</summary>
/// <param name="stored">What an earlier orchestrator or attempt has recorded.</param>
internal sealed class SpeedSeries(IReadOnlyList<SpeedPoint> stored)
{
    /// <summary>Most points that are kept: more than a chart has pixels to tell apart.</summary>
    public const int MaxPoints = 400;

    private readonly Lock _lock = new();
    private readonly List<SpeedPoint> _points = [.. stored];

    // After each thinning only every 2nd, 4th, ... point of the same attempt is taken.
    private long _minMillis;

    /// <summary>The points so far, oldest first.</summary>
    public IReadOnlyList<SpeedPoint> Points
    {
        get
        {
            lock (_lock)
                return [.. _points];
        }
    }

    /// <summary>Adds a point.</summary>
    /// <param name="point">The point.</param>
    /// <param name="always">Whether it is kept however soon it follows the one before: the last one of an attempt.</param>
    public void Add(SpeedPoint point, bool always = false)
    {
        lock (_lock)
        {
            if (!always && _points is [.., var last] && last.Attempt == point.Attempt && point.Millis - last.Millis < _minMillis)
                return;
            _points.Add(point);
            if (_points.Count > MaxPoints)
                Thin();
        }
    }

    // The first point of each attempt stays: a line between two attempts would show a speed that there never was.
    private void Thin()
    {
        var kept = _points.Where((point, index) => index % 2 == 0 || point.Attempt != _points[index - 1].Attempt).ToList();
        _points.Clear();
        _points.AddRange(kept.Count > MaxPoints ? kept[^MaxPoints..] : kept);
        _minMillis = 2 * (_points[^1].Millis - _points[0].Millis) / _points.Count;
    }
}

/// <summary>How it is stored.</summary>
[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(IReadOnlyList<SpeedPoint>))]
internal sealed partial class SpeedJson : JsonSerializerContext;
