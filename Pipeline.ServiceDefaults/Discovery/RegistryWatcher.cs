using System.Runtime.CompilerServices;
using Grpc.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Contracts.Broker.V1;
using Pipeline.ServiceDefaults.BrokerClient;
using Pipeline.ServiceDefaults.Channels;
using BrokerService = Pipeline.Contracts.Broker.V1.Broker;

namespace Pipeline.ServiceDefaults.Discovery;

/// <summary>
/// Follows the broker's registry while the host runs: one watch upstream, any number of subscribers. It resumes where it was
/// when the connection breaks, begins anew when the broker restarted or no longer has what was missed, and finds a dead broker by its silence.
/// </summary>
public sealed partial class RegistryWatcher(
    BrokerService.BrokerClient broker, IOptions<BrokerClientOptions> options, IOptions<RegistryWatcherOptions> filter,
    TimeProvider time, ILogger<RegistryWatcher> logger) : BackgroundService
{
    private readonly Lock _lock = new();
    private readonly RegistryReplica _replica = new();
    private readonly List<RegistrySubscriber> _subscribers = [];
    private readonly BackOff _backOff = new(options.Value.RetryDelay, options.Value.MaxRetryDelay, time);

    /// <summary>What is known now.</summary>
    public RegistryView Current
    {
        get
        {
            lock (_lock)
                return _replica.View;
        }
    }

    /// <summary>First what is known now, as a <see cref="RegistryReset"/>; then every change once and in order, until cancelled.</summary>
    public async IAsyncEnumerable<RegistryEvent> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var subscriber = new RegistrySubscriber(filter.Value.SubscriberQueue);
        lock (_lock)
        {
            subscriber.Publish(new RegistryReset(_replica.View));
            _subscribers.Add(subscriber);
        }
        try
        {
            while (true)
                yield return await subscriber.ReadAsync(cancellationToken);
        }
        finally
        {
            lock (_lock)
                _subscribers.Remove(subscriber);
        }
    }

    /// <summary>Waits for a view that fulfils the condition, which may be the one of now.</summary>
    /// <exception cref="OperationCanceledException">Cancelled before there was one.</exception>
    public async Task<RegistryView> WaitForAsync(Func<RegistryView, bool> condition, CancellationToken cancellationToken)
    {
        await foreach (var registryEvent in WatchAsync(cancellationToken))
        {
            if (condition(registryEvent.View))
                return registryEvent.View;
        }
        throw new OperationCanceledException(cancellationToken);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await FollowAsync(stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                Disconnect(exception);
                await _backOff.WaitAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception)
            {
                // The host stops.
                return;
            }
        }
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        var known = Current;
        var request = new WatchRequest
        {
            Interface = filter.Value.Interface,
            Role = filter.Value.Role,
            AfterRevision = known.Revision,
            Epoch = known.Epoch,
        };
        using var call = broker.Watch(request, cancellationToken: cancellationToken);
        while (await call.ResponseStream.MoveNext(cancellationToken).WaitAsync(options.Value.SilenceTimeout, time, cancellationToken))
        {
            Apply(call.ResponseStream.Current);
            _backOff.Reset();
        }
        throw new RpcException(new Status(StatusCode.Unavailable, "The broker ended the watch."));
    }

    private void Apply(WatchResponse response)
    {
        lock (_lock)
        {
            foreach (var registryEvent in _replica.Apply(response))
            {
                if (registryEvent is RegistryReset reset)
                    LogSnapshot(logger, reset.View.Epoch, reset.View.Revision, reset.View.Instances.Count, response.Snapshot.Compacted);
                Publish(registryEvent);
            }
        }
    }

    private void Disconnect(Exception exception)
    {
        lock (_lock)
        {
            if (exception is InvalidDataException)
            {
                LogProtocol(logger, exception.Message);
                _replica.Forget();
            }
            if (_replica.Disconnect() is not { } disconnected)
                return;
            LogAway(logger, options.Value.Address, exception is RpcException failure ? PeerText.Describe(failure.Status) : exception.Message);
            Publish(disconnected);
        }
    }

    private void Publish(RegistryEvent registryEvent)
    {
        foreach (var subscriber in _subscribers)
            subscriber.Publish(registryEvent);
    }
}
