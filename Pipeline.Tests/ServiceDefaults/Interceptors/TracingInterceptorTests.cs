using System.Collections.Concurrent;
using System.Diagnostics;
using Grpc.Core;
using Pipeline.Contracts.Broker.V1;
using Pipeline.ServiceDefaults.Telemetry;
using Pipeline.Tests.Broker;

namespace Pipeline.Tests.ServiceDefaults.Interceptors;

public sealed class TracingInterceptorTests
{
    [Theory]
    [InlineData("true", 2)]
    [InlineData("false", 0)]
    public async Task ATraceGoesOnInUnaryCallsAndStreamsWithTheRunsId(string enabled, int calls)
    {
        await using var fixture = await StubFixture.StartAsync(("Interceptors:Tracing:Enabled", enabled));
        var ended = new ConcurrentQueue<Activity>();
        using var listener = Listen(ended);
        using var root = new Activity("run").SetIdFormat(ActivityIdFormat.W3C).Start();
        root.ActivityTraceFlags = ActivityTraceFlags.Recorded;
        root.SetBaggage(PipelineTelemetry.RunIdBaggage, "run-17");

        await fixture.Client.LookupAsync(new LookupRequest());
        using (var watch = fixture.Client.Watch(new WatchRequest()))
            Assert.False(await watch.ResponseStream.MoveNext().WaitAsync(BrokerFixture.Patience));

        var ours = ended.Where(activity => activity.TraceId == root.TraceId).ToList();
        Assert.Equal(calls, ours.Count);
        Assert.All(ours, activity => Assert.Equal("run-17", activity.GetTagItem(PipelineTelemetry.RunIdBaggage)));
        if (calls > 0)
            Assert.Equal(["/broker.v1.Broker/Lookup", "/broker.v1.Broker/Watch"], ours.Select(activity => activity.OperationName).Order());
    }

    [Fact]
    public async Task AFailureIsOneInTheTraceToo()
    {
        await using var fixture = await StubFixture.StartAsync();
        fixture.Stub.OnLookup = _ => throw new RpcException(new Status(StatusCode.NotFound, "nothing here"));
        var ended = new ConcurrentQueue<Activity>();
        using var listener = Listen(ended);
        using var root = new Activity("run").SetIdFormat(ActivityIdFormat.W3C).Start();
        root.ActivityTraceFlags = ActivityTraceFlags.Recorded;

        await Assert.ThrowsAsync<RpcException>(() => fixture.Client.LookupAsync(new LookupRequest()).ResponseAsync);

        var activity = Assert.Single(ended, activity => activity.TraceId == root.TraceId);
        Assert.Equal(ActivityStatusCode.Error, activity.Status);
        Assert.Equal((int)StatusCode.NotFound, activity.GetTagItem("rpc.grpc.status_code"));
    }

    // The server begins an activity of its own only where somebody listens, as telemetry does; it takes over the caller's trace.
    private static ActivityListener Listen(ConcurrentQueue<Activity> ended)
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is PipelineTelemetry.Name or "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                if (activity.Source.Name == PipelineTelemetry.Name)
                    ended.Enqueue(activity);
            },
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }
}
