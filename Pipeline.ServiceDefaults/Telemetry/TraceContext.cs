using System.Diagnostics;
using Grpc.Core;

namespace Pipeline.ServiceDefaults.Telemetry;

/// <summary>
/// W3C trace context in the headers of the calls that make up an attempt. The orchestrator sends its attempt's context and every stage
/// hands on what it received, so that all stages are children of the attempt: one that was killed, or that makes no spans, leaves no gap.
/// </summary>
/// <remarks>Nothing else propagates: the frameworks' own spans of HTTP and gRPC would double every hop.</remarks>
public static class TraceContext
{
    private const string TraceParent = "traceparent";
    private const string TraceState = "tracestate";

    /// <summary>Headers for a call below <paramref name="span"/>; empty where nothing is traced.</summary>
    public static Metadata HeadersOf(Activity? span) => Headers(span?.Id, span?.TraceStateString);

    /// <summary>What a call brought with it, for the calls that follow from it.</summary>
    /// <param name="received">The headers of the call.</param>
    public static Metadata Received(Metadata received) => Headers(received.GetValue(TraceParent), received.GetValue(TraceState));

    /// <summary>Starts a span below the caller's; null where nothing is traced, here or by the caller.</summary>
    /// <param name="name">The span's name.</param>
    /// <param name="headers">The context that the call brought.</param>
    public static Activity? StartSpan(string name, Metadata headers) =>
        ActivityContext.TryParse(headers.GetValue(TraceParent), headers.GetValue(TraceState), isRemote: true, out var parent)
            ? PipelineTelemetry.Source.StartActivity(name, ActivityKind.Server, parent)
            : null;

    private static Metadata Headers(string? parent, string? state)
    {
        var headers = new Metadata();
        if (parent is not null)
            headers.Add(TraceParent, parent);
        if (parent is not null && state is not null)
            headers.Add(TraceState, state);
        return headers;
    }
}
