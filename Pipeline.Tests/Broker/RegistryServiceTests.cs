using System.Net;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Reflection.V1Alpha;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Contracts.Broker.V1;
using BrokerService = Pipeline.Contracts.Broker.V1.Broker;

namespace Pipeline.Tests.Broker;

public sealed class RegistryServiceTests
{
    [Fact]
    public async Task Lookup_RegisteredInstance_IsFoundUntilItUnregisters()
    {
        await using var broker = await BrokerFixture.StartAsync();
        var registered = await broker.RegisterAsync();

        var found = Assert.Single((await broker.Client.LookupAsync(new LookupRequest { Role = "parse" })).Instances);
        Assert.Equal("parse-0", found.InstanceId);
        Assert.Equal(InstanceState.Live, found.State);
        Assert.Equal(registered.LeaseId, found.LeaseId);
        Assert.Equal(registered.Revision, found.RegisteredRevision);
        Assert.InRange(found.LeaseRemainingMs, 1, registered.TtlMs);
        Assert.Empty((await broker.Client.LookupAsync(new LookupRequest { Role = "rules" })).Instances);

        var gone = await broker.Client.UnregisterAsync(new UnregisterRequest { InstanceId = "parse-0", LeaseId = registered.LeaseId });
        Assert.Equal(registered.Revision + 1, gone.Revision);
        Assert.Empty((await broker.Client.LookupAsync(new LookupRequest())).Instances);
    }

    [Fact]
    public async Task Unregister_FormerLeaseOrUnknownId_IsNotFound()
    {
        await using var broker = await BrokerFixture.StartAsync();
        var former = await broker.RegisterAsync();
        await broker.RegisterAsync();

        var late = await FailureOf(broker.Client.UnregisterAsync(new UnregisterRequest { InstanceId = "parse-0", LeaseId = former.LeaseId }));
        var unknown = await FailureOf(broker.Client.UnregisterAsync(new UnregisterRequest { InstanceId = "nobody" }));

        Assert.Equal((StatusCode.NotFound, StatusCode.NotFound), (late.StatusCode, unknown.StatusCode));
        Assert.Single((await broker.Client.LookupAsync(new LookupRequest())).Instances);
    }

    [Fact]
    public async Task Register_SeveralWrongFields_AllAreNamed()
    {
        await using var broker = await BrokerFixture.StartAsync();
        var wrong = BrokerFixture.NewInstance("no good", "Parse", "http://example.org:80");

        var failure = await FailureOf(broker.Client.RegisterAsync(new RegisterRequest { Instance = wrong }));

        Assert.Equal(StatusCode.InvalidArgument, failure.StatusCode);
        Assert.Contains("instance_id:", failure.Status.Detail);
        Assert.Contains("role:", failure.Status.Detail);
        Assert.Contains("address:", failure.Status.Detail);
    }

    [Fact]
    public async Task KeepAlive_RenewalsStop_LeaseExpiresAndIsUnknown()
    {
        var time = new FakeTimeProvider();
        await using var broker = await BrokerFixture.StartAsync(time: time);
        var registered = await broker.RegisterAsync();
        using var call = broker.Client.KeepAlive();

        for (var i = 0; i < 4; i++)
        {
            time.Pass(TimeSpan.FromSeconds(4));
            Assert.True((await Renew(call, registered.LeaseId)).Known);
        }
        time.Pass(TimeSpan.FromSeconds(5.25));
        var late = await Renew(call, registered.LeaseId);

        Assert.False(late.Known);
        Assert.Equal(0, late.TtlMs);
        var departed = Assert.Single((await broker.Client.ListAsync(new ListRequest { IncludeDeparted = true })).Instances);
        Assert.Equal(InstanceState.Expired, departed.State);
        Assert.NotEqual(0, departed.DepartedUnixMs);
    }

    [Fact]
    public async Task Lookup_WallClockJumps_NoInstanceExpires()
    {
        var time = new FakeTimeProvider();
        var clock = new WallClock(time);
        await using var broker = await BrokerFixture.StartAsync(time: clock);
        await broker.RegisterAsync();

        foreach (var seconds in new[] { 3, 6, 60, 86_400, -200_000 })
        {
            clock.Jump(TimeSpan.FromSeconds(seconds));
            time.Pass(TimeSpan.FromMilliseconds(500));
        }

        var instance = Assert.Single((await broker.Client.LookupAsync(new LookupRequest())).Instances);
        Assert.Equal(2500, instance.LeaseRemainingMs);
    }

    [Fact]
    public async Task List_DrainingInstance_IsIncludedOnDemandOnly()
    {
        await using var broker = await BrokerFixture.StartAsync();
        var registered = await broker.RegisterAsync();
        using var call = broker.Client.KeepAlive();

        await call.RequestStream.WriteAsync(new KeepAliveRequest { LeaseId = registered.LeaseId, Draining = true });
        Assert.True(await call.ResponseStream.MoveNext());

        Assert.Empty((await broker.Client.LookupAsync(new LookupRequest())).Instances);
        Assert.Empty((await broker.Client.ListAsync(new ListRequest())).Instances);
        var listed = Assert.Single((await broker.Client.ListAsync(new ListRequest { IncludeDeparted = true })).Instances);
        Assert.Equal(InstanceState.Draining, listed.State);
        Assert.True((await Renew(call, registered.LeaseId)).Known);
        Assert.Equal(InstanceState.Draining, (await broker.Client.ListAsync(new ListRequest { IncludeDeparted = true })).Instances[0].State);
    }

    [Fact]
    public async Task List_InvalidPageTokenOrSize_IsRefused()
    {
        await using var broker = await BrokerFixture.StartAsync();

        foreach (var request in new[] { new ListRequest { PageToken = "nonsense" }, new ListRequest { PageSize = 1001 }, new ListRequest { PageSize = -1 } })
            Assert.Equal(StatusCode.InvalidArgument, (await FailureOf(broker.Client.ListAsync(request))).StatusCode);
    }

    [Theory]
    [InlineData("")]
    [InlineData("another-key")]
    [InlineData(BrokerFixture.Key + "x")]
    public async Task Call_WithoutTheKey_IsUnauthenticated(string key)
    {
        await using var broker = await BrokerFixture.StartAsync();
        using var channels = BrokerFixture.ChannelsWithKey(key);
        using var channel = channels.Create(broker.Address);
        var client = new BrokerService.BrokerClient(channel.Invoker);
        using var watch = client.Watch(new WatchRequest());
        using var renewals = client.KeepAlive();

        RpcException[] failures =
        [
            await FailureOf(client.LookupAsync(new LookupRequest())),
            await FailureOf(client.RegisterAsync(new RegisterRequest { Instance = BrokerFixture.NewInstance() })),
            await Assert.ThrowsAsync<RpcException>(() => watch.ResponseStream.MoveNext()),
            await Assert.ThrowsAsync<RpcException>(() => renewals.ResponseStream.MoveNext()),
            await FailureOf(new Health.HealthClient(channel.Invoker).CheckAsync(new HealthCheckRequest())),
        ];

        Assert.All(failures, failure => Assert.Equal(StatusCode.Unauthenticated, failure.StatusCode));
        Assert.Empty((await broker.Client.LookupAsync(new LookupRequest())).Instances);
    }

    [Fact]
    public async Task Broker_HealthAndReflection_AreServed()
    {
        await using var broker = await BrokerFixture.StartAsync();
        using var channel = broker.Channels.Create(broker.Address);
        using var reflection = new ServerReflection.ServerReflectionClient(channel.Invoker).ServerReflectionInfo();

        var health = await new Health.HealthClient(channel.Invoker).CheckAsync(new HealthCheckRequest());
        await reflection.RequestStream.WriteAsync(new ServerReflectionRequest { ListServices = "" });
        Assert.True(await reflection.ResponseStream.MoveNext());

        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, health.Status);
        Assert.Contains("broker.v1.Broker", reflection.ResponseStream.Current.ListServicesResponse.Service.Select(service => service.Name));
    }

    [Fact]
    public async Task Register_OversizedMessage_IsRefusedAndTheBrokerStaysUp()
    {
        await using var broker = await BrokerFixture.StartAsync();
        var large = BrokerFixture.NewInstance();
        large.Metadata.Add("x", new string('x', 300 * 1024));
        var instance = BrokerFixture.NewInstance();
        instance.Metadata.Add("x", new string('x', 1025));

        var tooLarge = await FailureOf(broker.Client.RegisterAsync(new RegisterRequest { Instance = large }));
        var overLimit = await FailureOf(broker.Client.RegisterAsync(new RegisterRequest { Instance = instance }));

        Assert.Equal(StatusCode.ResourceExhausted, tooLarge.StatusCode);
        Assert.Equal(StatusCode.InvalidArgument, overLimit.StatusCode);
        await broker.RegisterAsync();
    }

    [Fact]
    public async Task Register_FloodOfInstances_IsRefusedAndRegisteredOnesStay()
    {
        await using var broker = await BrokerFixture.StartAsync([new("Registry:MaxInstances", "50")]);
        await broker.RegisterAsync("sink-0", "sink");

        var results = await Task.WhenAll(Enumerable.Range(0, 500).Select(async i =>
        {
            try
            {
                await broker.RegisterAsync($"flood-{i}");
                return StatusCode.OK;
            }
            catch (RpcException failure)
            {
                return failure.StatusCode;
            }
        }));

        Assert.All(results, result => Assert.True(result is StatusCode.OK or StatusCode.ResourceExhausted, result.ToString()));
        Assert.InRange(results.Count(result => result == StatusCode.OK), 1, 49);
        Assert.Equal("sink-0", Assert.Single((await broker.Client.LookupAsync(new LookupRequest { Role = "sink" })).Instances).InstanceId);
    }

    [Fact]
    public async Task Watch_ThousandsOfCancelledCalls_LeaveTheBrokerWorking()
    {
        await using var broker = await BrokerFixture.StartAsync();
        for (var round = 0; round < 20; round++)
        {
            var calls = Enumerable.Range(0, 100).Select(_ => broker.Client.Watch(new WatchRequest())).ToList();
            calls.ForEach(call => call.Dispose());
        }

        await broker.RegisterAsync();
        using var watch = broker.Client.Watch(new WatchRequest());
        Assert.True(await watch.ResponseStream.MoveNext().WaitAsync(Waiting.Limit));
        Assert.Equal(WatchResponse.ResponseOneofCase.Snapshot, watch.ResponseStream.Current.ResponseCase);
    }

    [Fact]
    public async Task Health_OverHttp_IsAnswered()
    {
        await using var broker = await BrokerFixture.StartAsync();
        using var http = new HttpClient();
        var address = broker.App.Urls.Single(url => url != broker.Address.GetLeftPart(UriPartial.Authority));

        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri($"{address}/health"))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri($"{address}/alive"))).StatusCode);
    }

    private static async Task<KeepAliveResponse> Renew(AsyncDuplexStreamingCall<KeepAliveRequest, KeepAliveResponse> call, long leaseId)
    {
        await call.RequestStream.WriteAsync(new KeepAliveRequest { LeaseId = leaseId });
        Assert.True(await call.ResponseStream.MoveNext().WaitAsync(Waiting.Limit));
        return call.ResponseStream.Current;
    }

    private static Task<RpcException> FailureOf<T>(AsyncUnaryCall<T> call) =>
        Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync.WaitAsync(Waiting.Limit));
}
