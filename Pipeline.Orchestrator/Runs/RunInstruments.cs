using System.Diagnostics.Metrics;
using Pipeline.Client.Runs;
using Pipeline.ServiceDefaults.Telemetry;

namespace Pipeline.Orchestrator.Runs;

/// <summary>Metrics of runs and their attempts.</summary>
internal sealed class RunInstruments
{
    private static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400],
    };

    private readonly UpDownCounter<int> _active;
    private readonly UpDownCounter<int> _stalled;
    private readonly Histogram<double> _runs;
    private readonly Histogram<double> _attempts;

    public RunInstruments(IMeterFactory meters)
    {
        var meter = meters.Create(PipelineTelemetry.Name);
        _active = meter.CreateUpDownCounter<int>("pipeline.run.active", "{run}", "Runs that are worked on.");
        _stalled = meter.CreateUpDownCounter<int>("pipeline.run.stalled", "{run}", "Runs whose attempt makes no progress.");
        _runs = meter.CreateHistogram("pipeline.run.duration", "s", "From a run's start, or resumption, to its end.", tags: null, Seconds);
        _attempts = meter.CreateHistogram("pipeline.attempt.duration", "s", "From an attempt's opening to its end.", tags: null, Seconds);
    }

    /// <summary>A run is worked on.</summary>
    public void RunStarted() => _active.Add(1);

    /// <summary>A run has come to rest.</summary>
    public void RunEnded(RunState state, TimeSpan duration)
    {
        _active.Add(-1);
        _runs.Record(duration.TotalSeconds, new KeyValuePair<string, object?>(PipelineTelemetry.RunState, state.ToText()));
    }

    /// <summary>A run's attempt makes no progress.</summary>
    public void StallBegan() => _stalled.Add(1);

    /// <summary>It makes progress again, or is over.</summary>
    public void StallEnded() => _stalled.Add(-1);

    /// <summary>An attempt is over.</summary>
    public void AttemptEnded(string outcome, TimeSpan duration) =>
        _attempts.Record(duration.TotalSeconds, new KeyValuePair<string, object?>(PipelineTelemetry.AttemptOutcome, outcome));
}
