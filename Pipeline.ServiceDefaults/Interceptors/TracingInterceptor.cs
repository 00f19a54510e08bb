using System.Diagnostics;
using Grpc.Core;
using Pipeline.ServiceDefaults.Telemetry;

namespace Pipeline.ServiceDefaults.Interceptors;

/// <summary>An activity for each call, named like the method, below the one that the caller's trace context began.</summary>
internal sealed class TracingInterceptor : CallInterceptor
{
    /// <inheritdoc/>
    protected override async Task<T> AroundAsync<T>(ServerCallContext context, MethodType kind, Func<Task<T>> call)
    {
        using var activity = PipelineTelemetry.Source.StartActivity(context.Method);
        if (activity is null)
            return await call();
        activity.SetTag("rpc.system", "grpc");
        activity.SetTag("rpc.method", context.Method);
        if (activity.GetBaggageItem(PipelineTelemetry.RunIdBaggage) is { } runId)
            activity.SetTag(PipelineTelemetry.RunIdBaggage, runId);
        try
        {
            var answer = await call();
            activity.SetTag("rpc.grpc.status_code", (int)context.Status.StatusCode);
            return answer;
        }
        catch (Exception exception)
        {
            activity.SetTag("rpc.grpc.status_code", (int)StatusOf(exception, context));
            activity.SetStatus(ActivityStatusCode.Error, exception.Message);
            throw;
        }
    }
}
