using System.Collections.Concurrent;
using System.Net;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Client.Registration;
using Pipeline.Client.Registry;
using Pipeline.Contracts.Broker.V1;
using Pipeline.ServiceDefaults.Endpoints;
using Pipeline.Tests.Broker;
using Pipeline.Tests.ServiceDefaults;

namespace Pipeline.Tests.Client.Registration;

public sealed class BrokerRegistrationTests
{
    [Fact]
    public async Task Registration_ServiceRuns_HasItsBoundAddressUntilItStops()
    {
        await using var broker = await BrokerFixture.StartAsync();
        await using var watching = await WatchAsync(broker);
        var service = await ServeAsync(broker, "parse-7");

        var view = await WaitForAsync(watching, view => view.Instances.ContainsKey("parse-7"));
        var instance = view.Instances["parse-7"];
        Assert.Equal(service.GrpcAddress, new Uri(instance.Address));
        Assert.Equal(("pipeline.v1.Stage", "parse", "csharp"), (instance.Interface, instance.Role, instance.Language));
        Assert.Equal((["lines"], ["events"]), (instance.Accepts, instance.Emits));
        Assert.Equal(Environment.ProcessId, instance.ProcessId);

        // The lease of this broker lives for five seconds, the patience is longer: it is the stop that takes it out, and tells why.
        await service.DisposeAsync();
        Assert.Empty((await WaitForAsync(watching, view => view.Instances.IsEmpty)).Expired);
    }

    [Fact]
    public async Task Health_BrokerComesUpLater_IsHealthyOnceRegistered()
    {
        var port = FreePort.Find();
        await using var service = await ServeAsync(new Uri($"http://127.0.0.1:{port}"), "parse-0");
        using var http = new HttpClient { BaseAddress = service.HttpAddress };

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await http.GetAsync("/health")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/alive")).StatusCode);

        await using var broker = await BrokerFixture.StartAsync(port: port);
        await using var watching = await WatchAsync(broker);
        await WaitForAsync(watching, view => view.Instances.ContainsKey("parse-0"));
        await Waiting.UntilAsync(() => service.Get<BrokerRegistration>().State == RegistrationState.Registered, "the registration");
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/health")).StatusCode);
    }

    [Fact]
    public async Task Registration_BrokerRestarts_AllServicesRegisterAgain()
    {
        var port = FreePort.Find();
        var first = await BrokerFixture.StartAsync(port: port);
        await using var watching = await WatchAsync(first);
        string[] ids = ["ingest-0", "parse-0", "rules-0", "aggregate-0", "sink-0"];
        var services = await Task.WhenAll(ids.Select(id => ServeAsync(first, id)));
        var before = await WaitForAsync(watching, view => view.Instances.Count == ids.Length);

        await first.DisposeAsync();
        await WaitForAsync(watching, view => !view.IsConnected);
        await using var second = await BrokerFixture.StartAsync(port: port);
        var started = TimeProvider.System.GetTimestamp();

        var after = await WaitForAsync(watching, view => view.IsConnected && view.Epoch != before.Epoch && view.Instances.Count == ids.Length);
        // Within a time to live.
        Assert.InRange(TimeProvider.System.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.Equal(before.Instances.Values.Select(instance => instance.Address), after.Instances.Values.Select(instance => instance.Address));
        foreach (var service in services)
            await service.DisposeAsync();
    }

    [Fact]
    public async Task KeepAlive_BrokerForgotTheLease_RegistersAgain()
    {
        await using var broker = await BrokerFixture.StartAsync([new("Leases:TimeToLive", "00:00:01")]);
        await using var watching = await WatchAsync(broker);
        await using var service = await ServeAsync(broker, "parse-0");
        var former = (await WaitForAsync(watching, view => view.Instances.ContainsKey("parse-0"))).Instances["parse-0"];

        await broker.Client.UnregisterAsync(new UnregisterRequest { InstanceId = "parse-0" });

        var latter = await WaitForAsync(
            watching, view => view.Instances.TryGetValue("parse-0", out var instance) && instance.LeaseId != former.LeaseId);
        Assert.Equal(former.Address, latter.Instances["parse-0"].Address);
    }

    [Fact]
    public async Task KeepAlive_AnotherProcessTookTheId_StopsRegistering()
    {
        await using var broker = await BrokerFixture.StartAsync([new("Leases:TimeToLive", "00:00:01")]);
        await using var former = await ServeAsync(broker, "parse-0");
        await using var watching = await WatchAsync(broker);
        await WaitForAsync(watching, view => view.Instances.ContainsKey("parse-0"));

        await using var latter = await ServeAsync(broker, "parse-0");

        await Waiting.UntilAsync(() => former.Get<BrokerRegistration>().State == RegistrationState.Replaced, "the replacement");
        await former.Get<BrokerRegistration>().ExecuteTask!.WaitAsync(Waiting.Limit);
        Assert.Equal(latter.GrpcAddress, new Uri(watching.Get<RegistryWatcher>().Current.Value.Instances["parse-0"].Address));
        using var http = new HttpClient { BaseAddress = former.HttpAddress };
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await http.GetAsync("/health")).StatusCode);
    }

    [Fact]
    public async Task KeepAlive_ServiceOutlivesTheTimeToLive_KeepsItsLease()
    {
        await using var broker = await BrokerFixture.StartAsync([new("Leases:TimeToLive", "00:00:01.500")]);
        await using var watching = await WatchAsync(broker);
        await using var service = await ServeAsync(broker, "parse-0");
        var registered = await WaitForAsync(watching, view => view.Instances.ContainsKey("parse-0"));
        // A neighbour that does not renew shows that time enough has passed.
        await broker.RegisterAsync("neighbour");
        var view = await WaitForAsync(watching, view => view.Expired.ContainsKey("neighbour"));

        Assert.Equal(registered.Instances["parse-0"].LeaseId, view.Instances["parse-0"].LeaseId);
    }

    [Fact]
    public async Task Drain_LongBeforeTheNextRenewal_IsToldAtOnceAndIsUnhealthy()
    {
        await using var broker = await BrokerFixture.StartAsync([new("Leases:TimeToLive", "00:10:00")]);
        await using var watching = await WatchAsync(broker);
        await using var service = await ServeAsync(broker, "parse-0");
        await WaitForAsync(watching, view => view.Instances.GetValueOrDefault("parse-0")?.State == InstanceState.Live);
        using var http = new HttpClient { BaseAddress = service.HttpAddress };

        // The next renewal by the clock would come after minutes.
        service.Get<BrokerRegistration>().Drain();

        var view = await WaitForAsync(watching, view => view.Instances["parse-0"].State != InstanceState.Live);
        Assert.Equal(InstanceState.Draining, view.Instances["parse-0"].State);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await http.GetAsync("/health")).StatusCode);
    }

    [Fact]
    public async Task Stop_BrokerUnreachable_EndsInTime()
    {
        var service = await ServeAsync(new Uri($"http://127.0.0.1:{FreePort.Find()}"), "parse-0");

        await service.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Stop_WhileTheBrokerAnswersRegister_UnregistersTheLease()
    {
        await using var broker = await StubFixture.StartAsync();
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var answer = new TaskCompletionSource<RegisterResponse>(TaskCreationOptions.RunContinuationsAsynchronously);
        broker.Stub.OnRegister = _ =>
        {
            asked.TrySetResult();
            return answer.Task;
        };
        await using var service = await ServeAsync(broker.Service.GrpcAddress, "parse-0");
        await asked.Task.WaitAsync(Waiting.Limit);

        var stop = service.Get<BrokerRegistration>().StopAsync(CancellationToken.None);
        answer.SetResult(new RegisterResponse { LeaseId = 17, TtlMs = 5000, Revision = 1, Epoch = "e" });

        var unregistered = await broker.Stub.Unregistered.Task.WaitAsync(Waiting.Limit);
        Assert.Equal(("parse-0", 17), (unregistered.InstanceId, unregistered.LeaseId));
        await stop.WaitAsync(Waiting.Limit);
    }

    [Theory]
    [InlineData(StatusCode.ResourceExhausted)]
    [InlineData(StatusCode.InvalidArgument)]
    public async Task Register_BrokerRefuses_WarnsOnce(StatusCode status)
    {
        await using var broker = await StubFixture.StartAsync();
        var log = new FakeLoggerProvider();
        var third = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var calls = 0;
        broker.Stub.OnRegister = _ =>
        {
            if (Interlocked.Increment(ref calls) == 3)
                third.TrySetResult();
            throw new RpcException(new Status(status, "the reason"));
        };

        await using var service = await ServeAsync(broker.Service.GrpcAddress, "parse-0", log: log);
        await third.Task.WaitAsync(Waiting.Limit);

        AssertSingleWarning(log, $"does not take the registration of parse-0, trying on: {status}: the reason");
    }

    [Fact]
    public async Task Register_BrokerIsNotThere_WarnsOnceAfterTheStartAllowance()
    {
        await using var broker = await StubFixture.StartAsync();
        var log = new FakeLoggerProvider();
        var time = new FakeTimeProvider();
        var began = time.GetTimestamp();
        var tries = new ConcurrentQueue<(TimeSpan At, int Warnings)>();
        broker.Stub.OnRegister = _ =>
        {
            tries.Enqueue((time.GetElapsedTime(began), log.Collector.Count));
            throw new RpcException(new Status(StatusCode.Unavailable, "the reason"));
        };

        await using var service = await ServeAsync(broker.Service.GrpcAddress, "parse-0", time, log);
        await Waiting.UntilAsync(() => !tries.IsEmpty, "the first try");
        await Waiting.UntilAsync(
            () =>
            {
                time.Advance(TimeSpan.FromMilliseconds(250));
                return tries.Count(attempt => attempt.Warnings > 0) == 3;
            },
            "tries after the warning");

        Assert.DoesNotContain(tries, attempt => attempt.Warnings > 0 && attempt.At < BrokerRegistration.StartAllowance);
        AssertSingleWarning(log, "cannot be reached, trying on: Unavailable: the reason");
    }

    [Fact]
    public async Task KeepAlive_BrokerIsGone_WarnsAtOnce()
    {
        await using var broker = await StubFixture.StartAsync();
        var log = new FakeLoggerProvider();
        broker.Stub.OnRegister = _ => Task.FromResult(new RegisterResponse { LeaseId = 17, TtlMs = 600_000 });
        broker.Stub.OnKeepAlive = _ => throw new RpcException(new Status(StatusCode.Unavailable, "the reason"));

        // Its clock stands still.
        await using var service = await ServeAsync(broker.Service.GrpcAddress, "parse-0", new FakeTimeProvider(), log);
        await Waiting.UntilAsync(() => log.Collector.Count > 0, "the warning");

        AssertSingleWarning(log, "cannot be reached, trying on: Unavailable: the reason");
    }

    [Fact]
    public async Task Register_FirstCall_HasTenSecondsForABrokerThatHasJustStarted()
    {
        await using var broker = await StubFixture.StartAsync();
        var remaining = new TaskCompletionSource<TimeSpan>(TaskCreationOptions.RunContinuationsAsynchronously);
        broker.Stub.OnRegister = context =>
        {
            remaining.TrySetResult(context.Deadline - DateTime.UtcNow);
            return Task.FromResult(new RegisterResponse());
        };

        await using var service = await ServeAsync(broker.Service.GrpcAddress, "parse-0");

        Assert.InRange(await remaining.Task.WaitAsync(Waiting.Limit), TimeSpan.FromSeconds(2.5), TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task KeepAlive_NoAnswer_EndsTheStreamAfterTwoThirdsOfTheLease()
    {
        var time = new WatchedTime();
        await using var broker = await StubFixture.StartAsync();
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        broker.Stub.OnRegister = _ => Task.FromResult(new RegisterResponse { LeaseId = 17, TtlMs = 600_000 });
        broker.Stub.OnKeepAlive = context =>
        {
            context.CancellationToken.Register(ended.SetResult);
            return ended.Task;
        };
        await using var service = await ServeAsync(broker.Service.GrpcAddress, "parse-0", time);

        await time.LetPassAsync(TimeSpan.FromSeconds(400));

        await ended.Task.WaitAsync(Waiting.Limit);
    }

    internal static Task<ServiceFixture> WatchAsync(BrokerFixture broker, params (string Key, string? Value)[] settings) =>
        ServiceFixture.StartAsync(
            builder => builder.AddRegistryWatcher(), null, [("services:broker:grpc:0", broker.Address.ToString()), .. settings]);

    internal static Task<RegistryView> WaitForAsync(ServiceFixture watching, Func<RegistryView, bool> condition) =>
        watching.Get<RegistryWatcher>().WatchAsync().FirstAsync(condition).AsTask().WaitAsync(Waiting.Limit);

    private static Task<ServiceFixture> ServeAsync(BrokerFixture broker, string id) => ServeAsync(broker.Address, id);

    private static Task<ServiceFixture> ServeAsync(Uri broker, string id, TimeProvider? time = null, ILoggerProvider? log = null) => ServiceFixture.StartAsync(
        builder =>
        {
            builder.Services.AddSingleton(time ?? TimeProvider.System);
            if (log is not null)
                builder.Logging.AddProvider(log).AddFilter((category, level) => category == typeof(BrokerRegistration).FullName && level >= LogLevel.Warning);
            builder.AddBrokerRegistration("pipeline.v1.Stage", id[..id.IndexOf('-')], options =>
            {
                options.Accepts.Add("lines");
                options.Emits.Add("events");
            });
        },
        null, ("services:broker:grpc:0", broker.ToString()), ("PIPELINE_INSTANCE", id));

    private static void AssertSingleWarning(FakeLoggerProvider log, string text)
    {
        var warning = Assert.Single(log.Collector.GetSnapshot());
        Assert.Equal(LogLevel.Warning, warning.Level);
        Assert.Contains(text, warning.Message, StringComparison.Ordinal);
    }
}
