using System.Diagnostics;

namespace Pipeline.ServiceDefaults.Telemetry;

/// <summary>Names of Pipeline's spans and metrics; docs/configuration.md lists them.</summary>
public static class PipelineTelemetry
{
    /// <summary>Name of the source of spans, and of the meters that a service gets from its <c>IMeterFactory</c>.</summary>
    public const string Name = "Pipeline";

    /// <summary>Attribute: the run's id.</summary>
    public const string RunId = "pipeline.run.id";

    /// <summary>Attribute: the state in which a run ended.</summary>
    public const string RunState = "pipeline.run.state";

    /// <summary>Attribute: the attempt's number, from 1.</summary>
    public const string AttemptNumber = "pipeline.attempt.number";

    /// <summary>Attribute: how an attempt ended.</summary>
    public const string AttemptOutcome = "pipeline.attempt.outcome";

    /// <summary>Attribute: the role of a stage.</summary>
    public const string StageRole = "pipeline.stage.role";

    /// <summary>Attribute of the semantic conventions: the kind of an error.</summary>
    public const string ErrorType = "error.type";

    /// <summary>Source of all spans. A span is made for a run and its parts, and for nothing else.</summary>
    public static ActivitySource Source { get; } = new(Name);

    /// <summary>Marks a span as failed.</summary>
    /// <param name="span">The span; null where nothing is traced.</param>
    /// <param name="reason">Kind of failure, of low cardinality.</param>
    /// <param name="message">What happened.</param>
    public static void Fail(this Activity? span, string reason, string message) =>
        span?.SetTag(ErrorType, reason).SetStatus(ActivityStatusCode.Error, message);
}
