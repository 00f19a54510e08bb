using System.Diagnostics;
using System.Diagnostics.Metrics;
using Pipeline.Contracts.V1;
using Pipeline.ServiceDefaults.Telemetry;

namespace Pipeline.Stages.Core.Metrics;

/// <summary>The figures of StageMetrics as OpenTelemetry instruments, brought up to date about once a second and never per event.</summary>
internal sealed class StageInstruments
{
    private readonly Counter<long> _items = PipelineTelemetry.Meter.CreateCounter<long>("pipeline.stage.items", "{item}", "Lines, events or work items.");
    private readonly Counter<long> _bytes = PipelineTelemetry.Meter.CreateCounter<long>("pipeline.stage.io", "By", "Bytes of batches as on the wire.");
    private readonly Counter<double> _time = PipelineTelemetry.Meter.CreateCounter<double>("pipeline.stage.time", "s", "Where the time of a run goes.");
    private readonly Gauge<int> _inFlight = PipelineTelemetry.Meter.CreateGauge<int>("pipeline.stage.batches_in_flight", "{batch}", "Received and not yet processed.");
    private readonly Gauge<double> _checkpointAge = PipelineTelemetry.Meter.CreateGauge<double>("pipeline.stage.checkpoint_age", "s", "Since the last checkpoint passed.");

    /// <summary>Adds what has come since the figures before.</summary>
    public void Record(StageMetrics before, StageMetrics now)
    {
        var role = new KeyValuePair<string, object?>("pipeline.role", now.Role);
        Add(_items, now.ItemsIn - before.ItemsIn, "in");
        Add(_items, now.ItemsOut - before.ItemsOut, "out");
        Add(_items, now.Filtered - before.Filtered, "filtered");
        Add(_items, now.Rejected - before.Rejected, "rejected");
        Add(_bytes, now.BytesIn - before.BytesIn, "in");
        Add(_bytes, now.BytesOut - before.BytesOut, "out");
        AddTime(now.ProcessingMicros - before.ProcessingMicros, "processing");
        AddTime(now.WaitingToReceiveMicros - before.WaitingToReceiveMicros, "waiting_to_receive");
        AddTime(now.WaitingToSendMicros - before.WaitingToSendMicros, "waiting_to_send");
        _inFlight.Record(now.BatchesInFlight, role);
        if (now.CheckpointAgeMicros >= 0)
        {
            _checkpointAge.Record(now.CheckpointAgeMicros / 1e6, role);
        }

        void Add(Counter<long> counter, long value, string kind)
        {
            if (value > 0)
            {
                counter.Add(value, new TagList { role, { "pipeline.kind", kind } });
            }
        }

        void AddTime(long micros, string kind)
        {
            if (micros > 0)
            {
                _time.Add(micros / 1e6, new TagList { role, { "pipeline.kind", kind } });
            }
        }
    }
}
