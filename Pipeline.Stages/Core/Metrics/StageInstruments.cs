using System.Diagnostics.Metrics;
using Pipeline.ServiceDefaults.Telemetry;
using Pipeline.Stages.Core.Runtime;

namespace Pipeline.Stages.Core.Metrics;

/// <summary>
/// Rates and waiting shares of this process over all its open attempts. They are differences of what <see cref="EdgeMeter"/> counts
/// anyway, taken when metrics are collected: nothing is recorded while data passes. Each covers the time since the collection before, so
/// there is to be one collector.
/// </summary>
internal sealed class StageInstruments
{
    private static readonly InstrumentAdvice<double> CheckpointSeconds = new()
    {
        HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    };

    private readonly Lock _lock = new();
    private readonly List<OpenAttempt> _open = [];
    private readonly KeyValuePair<string, object?> _role;
    private readonly TimeProvider _time;
    private readonly Meter _meter;
    private readonly Histogram<double> _checkpoints;
    private Totals _closed;

    public StageInstruments(StageDefinition stage, IMeterFactory meters, TimeProvider time)
    {
        _role = new(PipelineTelemetry.StageRole, stage.Role);
        _time = time;
        _meter = meters.Create(PipelineTelemetry.Name);
        _checkpoints = _meter.CreateHistogram(
            "pipeline.checkpoint.duration", "s", "From a checkpoint's arrival at the last stage to its being durable.",
            tags: null, CheckpointSeconds);
        AddRate("pipeline.stage.input.rate", "Lines, events or work items received, or read, per second.", now => now.ItemsIn);
        if (stage.Emits.Count > 0)
        {
            AddRate("pipeline.stage.output.rate", "Lines, events or work items handed on per second.", now => now.ItemsOut);
            AddShare("pipeline.stage.output.wait_ratio", "Share of the time spent waiting for the next stage.", now => now.Sending);
        }

        // A source waits for commands only.
        if (stage.Accepts.Count > 0)
            AddShare("pipeline.stage.input.wait_ratio", "Share of the time spent waiting for the stage before.", now => now.Receiving);
    }

    /// <summary>Counts an attempt until the answer is disposed.</summary>
    public IDisposable Enter(EdgeMeter edge)
    {
        var attempt = new OpenAttempt(this, edge, _time.GetTimestamp());
        lock (_lock)
        {
            _open.Add(attempt);
        }

        return attempt;
    }

    /// <summary>The last stage has made a checkpoint durable.</summary>
    public void Committed(TimeSpan duration) => _checkpoints.Record(duration.TotalSeconds, _role);

    private void AddRate(string name, string description, Func<Totals, long> amount) =>
        AddGauge(name, "{item}/s", description, amount, now => now.Clock / (double)_time.TimestampFrequency, double.MaxValue);

    private void AddShare(string name, string description, Func<Totals, long> amount) =>
        AddGauge(name, "1", description, amount, now => now.Open, 1);

    private void AddGauge(string name, string unit, string description, Func<Totals, long> amount, Func<Totals, double> whole, double most)
    {
        var before = Now();
        _meter.CreateObservableGauge(name, () => new Measurement<double>(Observe(), _role), unit, description);

        double Observe()
        {
            var now = Now();
            var (part, of) = (amount(now) - amount(before), whole(now) - whole(before));
            before = now;
            // Counters are read while they change: a wait that is just ending may be missing for a moment.
            return of > 0 ? Math.Clamp(part / of, 0, most) : 0;
        }
    }

    private Totals Now()
    {
        lock (_lock)
        {
            return _open.Aggregate(_closed, (sum, attempt) => sum + attempt.Totals) with { Clock = _time.GetTimestamp() };
        }
    }

    /// <summary>Sums over attempts since the process began; times in ticks of the clock.</summary>
    private readonly record struct Totals(long ItemsIn, long ItemsOut, long Receiving, long Sending, long Open, long Clock = 0)
    {
        public static Totals operator +(Totals left, Totals right) => new(
            left.ItemsIn + right.ItemsIn, left.ItemsOut + right.ItemsOut,
            left.Receiving + right.Receiving, left.Sending + right.Sending, left.Open + right.Open);
    }

    private sealed class OpenAttempt(StageInstruments instruments, EdgeMeter edge, long since) : IDisposable
    {
        public Totals Totals => new(edge.ItemsIn, edge.ItemsOut, edge.WaitingToReceiveByNow, edge.WaitingToSendByNow, edge.Now - since);

        public void Dispose()
        {
            lock (instruments._lock)
            {
                if (instruments._open.Remove(this))
                    instruments._closed += Totals;
            }
        }
    }
}
