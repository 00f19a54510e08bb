using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Client.Channels;
using Pipeline.Tests.Broker;
using BrokerService = Pipeline.Contracts.Broker.V1.Broker;

namespace Pipeline.Tests.ServiceDefaults;

/// <summary>A service with the stub, and a client of it.</summary>
internal sealed class StubFixture : IAsyncDisposable
{
    private readonly PipelineChannels _channels = BrokerFixture.ChannelsWithKey(BrokerFixture.Key);
    private readonly List<PipelineChannel> _opened = [];

    private StubFixture(ServiceFixture service, StubService stub)
    {
        Service = service;
        Stub = stub;
        Client = NewClient();
    }

    public ServiceFixture Service { get; }

    public StubService Stub { get; }

    public BrokerService.BrokerClient Client { get; }

    public static async Task<StubFixture> StartAsync(params (string Key, string? Value)[] settings)
    {
        var stub = new StubService();
        var service = await ServiceFixture.StartAsync(
            builder => builder.Services.AddSingleton(stub), app => app.MapGrpcService<StubService>(), settings);
        return new StubFixture(service, stub);
    }

    /// <summary>A client with a connection of its own.</summary>
    public BrokerService.BrokerClient NewClient()
    {
        _opened.Add(_channels.Create(Service.GrpcAddress));
        return new BrokerService.BrokerClient(_opened[^1].Invoker);
    }

    public async ValueTask DisposeAsync()
    {
        _opened.ForEach(channel => channel.Dispose());
        _channels.Dispose();
        await Service.DisposeAsync();
    }
}
