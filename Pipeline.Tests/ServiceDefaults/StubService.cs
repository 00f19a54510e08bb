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

    /// <summary>What KeepAlive does.</summary>
    public Func<ServerCallContext, Task> OnKeepAlive { get; set; } = _ => Task.CompletedTask;

    /// <summary>What Register does.</summary>
    public Func<ServerCallContext, Task<RegisterResponse>> OnRegister { get; set; } = _ => Task.FromResult(new RegisterResponse());

    /// <summary>What was unregistered.</summary>
    public TaskCompletionSource<UnregisterRequest> Unregistered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override Task<RegisterResponse> Register(RegisterRequest request, ServerCallContext context) => OnRegister(context);

    public override Task<UnregisterResponse> Unregister(UnregisterRequest request, ServerCallContext context)
    {
        Unregistered.TrySetResult(request);
        return Task.FromResult(new UnregisterResponse());
    }

    public override async Task<LookupResponse> Lookup(LookupRequest request, ServerCallContext context)
    {
        await OnLookup(context);
        return new LookupResponse();
    }

    public override Task Watch(WatchRequest request, IServerStreamWriter<WatchResponse> responseStream, ServerCallContext context) => OnWatch(context);

    public override Task KeepAlive(
        IAsyncStreamReader<KeepAliveRequest> requestStream, IServerStreamWriter<KeepAliveResponse> responseStream, ServerCallContext context) =>
        OnKeepAlive(context);
}
