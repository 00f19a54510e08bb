using System.Diagnostics;
using Pipeline.ServiceDefaults.Telemetry;

namespace Pipeline.Tests.ServiceDefaults.Telemetry;

/// <summary>The spans of this process that end while it listens. Other tests run beside it: a test asks for those of its traces.</summary>
internal sealed class SpanRecorder : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<Activity> _ended = [];
    private readonly ActivityListener _listener;
    private TaskCompletionSource _next = NewSignal();

    /// <summary>Listens until it is disposed.</summary>
    /// <param name="notTraced">Name of spans that are not made.</param>
    public SpanRecorder(string? notTraced = null)
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == PipelineTelemetry.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> creation) =>
                creation.Name == notTraced ? ActivitySamplingResult.None : ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = Add,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    /// <summary>Waits until so many spans of a trace have ended.</summary>
    /// <returns>All of the trace that have, by the order of their ends.</returns>
    public async Task<IReadOnlyList<Activity>> WaitAsync(ActivityTraceId trace, int count)
    {
        while (true)
        {
            Task next;
            lock (_lock)
            {
                var spans = _ended.Where(span => span.TraceId == trace).ToList();
                if (spans.Count >= count)
                    return spans;
                next = _next.Task;
            }

            await next.WaitAsync(TimeSpan.FromSeconds(20));
        }
    }

    /// <summary>Spans that have ended and meet a condition.</summary>
    public IReadOnlyList<Activity> Ended(Func<Activity, bool> condition)
    {
        lock (_lock)
            return [.. _ended.Where(condition)];
    }

    public void Dispose() => _listener.Dispose();

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Add(Activity span)
    {
        TaskCompletionSource signal;
        lock (_lock)
        {
            _ended.Add(span);
            (signal, _next) = (_next, NewSignal());
        }

        signal.SetResult();
    }
}
