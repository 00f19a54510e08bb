using System.Threading.RateLimiting;
using Grpc.Core;
using Microsoft.Extensions.Options;
using Pipeline.Broker.Leases;
using Pipeline.Broker.Registry;
using Pipeline.Broker.Watch;
using Pipeline.Contracts.Broker.V1;
using BrokerService = Pipeline.Contracts.Broker.V1.Broker;

namespace Pipeline.Broker;

/// <summary>The broker's contract, over the registry.</summary>
internal sealed class RegistryService(
    InstanceRegistry registry, RegistryListing listing, ConcurrencyLimiter watchers, IOptions<WatchOptions> watchOptions,
    IOptions<LeaseOptions> leaseOptions, IHostApplicationLifetime lifetime, TimeProvider time) : BrokerService.BrokerBase
{
    public override Task<RegisterResponse> Register(RegisterRequest request, ServerCallContext context)
    {
        var errors = InstanceRules.Errors(request.Instance);
        if (errors.Count > 0)
            throw Failure(StatusCode.InvalidArgument, string.Join("; ", errors));
        try
        {
            return Task.FromResult(registry.Register(request.Instance));
        }
        catch (RegistryFullException full)
        {
            throw Failure(StatusCode.ResourceExhausted, full.Message);
        }
    }

    public override Task KeepAlive(
        IAsyncStreamReader<KeepAliveRequest> requestStream, IServerStreamWriter<KeepAliveResponse> responseStream, ServerCallContext context) =>
        UntilStopAsync(context, async cancellationToken =>
        {
            await foreach (var request in requestStream.ReadAllAsync(cancellationToken))
                await responseStream.WriteAsync(registry.KeepAlive(request.LeaseId, request.Draining, request.TakenOut), cancellationToken);
        });

    public override Task<UnregisterResponse> Unregister(UnregisterRequest request, ServerCallContext context) =>
        registry.TryUnregister(request.InstanceId, request.LeaseId, out var revision)
            ? Task.FromResult(new UnregisterResponse { Revision = revision })
            : throw Failure(StatusCode.NotFound, "No instance of that id is registered, or not under that lease.");

    public override Task<LookupResponse> Lookup(LookupRequest request, ServerCallContext context) => Task.FromResult(listing.Lookup(request));

    public override Task<ListResponse> List(ListRequest request, ServerCallContext context) =>
        listing.List(request) is { } page
            ? Task.FromResult(page)
            : throw Failure(StatusCode.InvalidArgument, "page_size: 0 to 1,000; page_token: next_page_token of the page before.");

    public override async Task Watch(WatchRequest request, IServerStreamWriter<WatchResponse> responseStream, ServerCallContext context)
    {
        using var slot = watchers.AttemptAcquire();
        if (!slot.IsAcquired)
            throw Failure(StatusCode.ResourceExhausted, $"{watchOptions.Value.MaxWatchers} watchers are there already.");
        var filter = new InstanceFilter(request.Interface, request.Role);
        await UntilStopAsync(context, cancellationToken =>
            new WatchStream(registry, watchOptions.Value, leaseOptions.Value.NoticeInterval, time, filter, responseStream, cancellationToken)
                .RunAsync(request.AfterRevision, request.Epoch));
    }

    /// <summary>Ends a stream when the broker stops, because the server waits for all streams before it does.</summary>
    private async Task UntilStopAsync(ServerCallContext context, Func<CancellationToken, Task> stream)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        try
        {
            await stream(either.Token);
        }
        catch (Exception exception) when (either.IsCancellationRequested && exception is OperationCanceledException or IOException or InvalidOperationException)
        {
            throw lifetime.ApplicationStopping.IsCancellationRequested
                ? Failure(StatusCode.Unavailable, "The broker stops.")
                : Failure(StatusCode.Cancelled, "The caller is gone.");
        }
    }

    private static RpcException Failure(StatusCode code, string message) => new(new Status(code, message));
}
