using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Pipeline.ServiceDefaults.Telemetry;

/// <summary>Where the parts of Pipeline put their own activities and instruments; both are exported when an OTLP endpoint is set.</summary>
public static class PipelineTelemetry
{
    /// <summary>Name of the source and of the meter.</summary>
    public const string Name = "Pipeline";

    /// <summary>Baggage that carries a run's id along every hop; the tracing interceptor makes it a tag of each call.</summary>
    public const string RunIdBaggage = "pipeline.run_id";

    /// <summary>Source of all activities.</summary>
    public static ActivitySource Source { get; } = new(Name);

    /// <summary>Meter of all instruments.</summary>
    public static Meter Meter { get; } = new(Name);
}
