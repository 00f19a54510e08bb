using Grpc.Core;
using Pipeline.Contracts.Broker.V1;
using BrokerService = Pipeline.Contracts.Broker.V1.Broker;

namespace Pipeline.Tests.ServiceDefaults;

/// <summary>A service that does what a test tells it to.</summary>
internal sealed class StubService : BrokerService.BrokerBase
{
    /// <summary>What Lookup does.</summary>
    public Func<ServerCallContext, Task> OnLookup { get; set; } = _ => Task.CompletedTask;

    /// <summary>What Watch does.</summary>
    public Func<ServerCallContext, Task> OnWatch { get; set; } = _ => Task.CompletedTask;

    public override async Task<LookupResponse> Lookup(LookupRequest request, ServerCallContext context)
    {
        await OnLookup(context);
        return new LookupResponse();
    }

    public override Task Watch(WatchRequest request, IServerStreamWriter<WatchResponse> responseStream, ServerCallContext context) => OnWatch(context);
}
