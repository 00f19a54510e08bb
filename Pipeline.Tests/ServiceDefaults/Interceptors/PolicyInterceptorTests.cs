using Grpc.Core;
using Pipeline.Contracts.Broker.V1;

namespace Pipeline.Tests.ServiceDefaults.Interceptors;

public sealed class PolicyInterceptorTests
{
    [Fact]
    public async Task AroundAsync_OneCallTooManyOfAPeer_IsRefusedUntilAnotherEnds()
    {
        await using var fixture = await StubFixture.StartAsync(("Interceptors:Policy:MaxCallsPerPeer", "2"));
        var gate = new Gate(fixture.Stub);
        var running = new[] { fixture.Client.LookupAsync(new LookupRequest()), fixture.Client.LookupAsync(new LookupRequest()) };
        await gate.EnteredAsync(2);

        var refused = await FailureOf(fixture.Client.LookupAsync(new LookupRequest()));
        // Another connection has room of its own.
        var other = fixture.NewClient().LookupAsync(new LookupRequest());
        await gate.EnteredAsync(3);
        gate.Open();
        await Task.WhenAll(running.Append(other).Select(call => call.ResponseAsync.WaitAsync(Waiting.Limit)));

        Assert.Equal(StatusCode.ResourceExhausted, refused.StatusCode);
        await fixture.Client.LookupAsync(new LookupRequest());
    }

    [Fact]
    public async Task AroundAsync_OneCallTooManyOfAMethod_IsRefusedForEveryPeer()
    {
        await using var fixture = await StubFixture.StartAsync(("Interceptors:Policy:MaxCallsPerMethod", "1"));
        var gate = new Gate(fixture.Stub);
        var running = fixture.Client.LookupAsync(new LookupRequest());
        await gate.EnteredAsync(1);

        var refused = await FailureOf(fixture.NewClient().LookupAsync(new LookupRequest()));
        using (var watch = fixture.Client.Watch(new WatchRequest()))
            Assert.False(await watch.ResponseStream.MoveNext().WaitAsync(Waiting.Limit), "another method has room of its own");
        gate.Open();
        await running;

        Assert.Equal(StatusCode.ResourceExhausted, refused.StatusCode);
    }

    [Fact]
    public async Task AroundAsync_UnaryCallTakesTooLong_EndsAsDeadlineExceeded()
    {
        await using var fixture = await StubFixture.StartAsync(("Interceptors:Policy:MaxUnaryDuration", "00:00:00.100"));
        var gate = new Gate(fixture.Stub);

        var failure = await FailureOf(fixture.Client.LookupAsync(new LookupRequest(), deadline: DateTime.MaxValue));
        gate.Open();

        Assert.Equal(StatusCode.DeadlineExceeded, failure.StatusCode);
        Assert.Contains("took longer", failure.Status.Detail);
    }

    [Theory]
    [InlineData("MaxCallsPerMethod")]
    [InlineData("MaxCallsPerPeer")]
    public async Task AroundAsync_CallTimedOutButItsHandlerRuns_ItsPlaceStaysTaken(string limit)
    {
        await using var fixture = await StubFixture.StartAsync(
            ("Interceptors:Policy:MaxUnaryDuration", "00:00:00.100"), ($"Interceptors:Policy:{limit}", "1"));
        var gate = new Gate(fixture.Stub);
        var ended = await FailureOf(fixture.Client.LookupAsync(new LookupRequest()));
        await gate.EnteredAsync(1);

        var refused = await FailureOf(fixture.Client.LookupAsync(new LookupRequest()));
        gate.Open();

        Assert.Equal([StatusCode.DeadlineExceeded, StatusCode.ResourceExhausted], [ended.StatusCode, refused.StatusCode]);
        // The handler returns now, and with it its place; nothing tells when.
        using var patience = new CancellationTokenSource(Waiting.Limit);
        while (!patience.IsCancellationRequested)
        {
            try
            {
                await fixture.Client.LookupAsync(new LookupRequest());
                return;
            }
            catch (RpcException again) when (again.StatusCode == StatusCode.ResourceExhausted)
            {
                // Not yet.
            }
        }

        Assert.Fail("the place was not given back");
    }

    [Fact]
    public async Task AroundAsync_SwitchedOff_RefusesNothing()
    {
        await using var fixture = await StubFixture.StartAsync(
            ("Interceptors:Policy:Enabled", "false"), ("Interceptors:Policy:MaxCallsPerPeer", "1"));
        var gate = new Gate(fixture.Stub);

        var running = new[] { fixture.Client.LookupAsync(new LookupRequest()), fixture.Client.LookupAsync(new LookupRequest()) };
        await gate.EnteredAsync(2);
        gate.Open();
        await Task.WhenAll(running.Select(call => call.ResponseAsync.WaitAsync(Waiting.Limit)));
    }

    private static Task<RpcException> FailureOf<T>(AsyncUnaryCall<T> call) =>
        Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync.WaitAsync(Waiting.Limit));

    /// <summary>Holds calls of Lookup until it is opened.</summary>
    private sealed class Gate
    {
        private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly SemaphoreSlim _entered = new(0);
        private int _seen;

        public Gate(StubService stub) => stub.OnLookup = async _ =>
        {
            _entered.Release();
            await _open.Task;
        };

        public void Open() => _open.SetResult();

        /// <summary>Waits until so many have come in all.</summary>
        public async Task EnteredAsync(int count)
        {
            for (; _seen < count; _seen++)
                Assert.True(await _entered.WaitAsync(Waiting.Limit), $"{_seen} of {count} calls came");
        }
    }
}
