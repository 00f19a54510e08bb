using Grpc.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Client.Channels;
using Pipeline.Contracts.Broker.V1;
using BrokerService = Pipeline.Contracts.Broker.V1.Broker;

namespace Pipeline.Client.Registry;

/// <summary>
/// Follows the broker's registry while the host runs: one watch upstream, any number of readers. It resumes where it was
/// when the connection breaks, begins anew when the broker restarted or no longer has what was missed, and finds a dead broker by its silence.
/// </summary>
public sealed partial class RegistryWatcher(
    BrokerService.BrokerClient broker, IOptions<BrokerClientOptions> options, TimeProvider time, ILogger<RegistryWatcher> logger)
    : BackgroundService, IRegistry
{
    private readonly RegistryReplica _replica = new();
    private readonly Observable<RegistryView> _views = new(RegistryView.Empty);
    private readonly BackOff _backOff = new(options.Value.RetryDelay, options.Value.MaxRetryDelay, time);

    /// <inheritdoc/>
    public Observation<RegistryView> Current => _views.Current;

    /// <summary>The view of now, then the latest one after each change, until cancelled; a slow reader skips those between.</summary>
    public IAsyncEnumerable<RegistryView> WatchAsync(CancellationToken cancellationToken = default) => _views.ReadAllAsync(cancellationToken);

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
        var known = _replica.View;
        var request = new WatchRequest { AfterRevision = known.Revision, Epoch = known.Epoch };
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
        _replica.Apply(response);
        if (response.Snapshot is { More: false })
            LogSnapshot(logger, _replica.View.Epoch, _replica.View.Revision, _replica.View.Instances.Count, response.Snapshot.Compacted);
        Publish();
    }

    private void Disconnect(Exception exception)
    {
        if (exception is InvalidDataException)
        {
            LogProtocol(logger, exception.Message);
            _replica.Forget();
        }

        if (_replica.View.IsConnected)
            LogAway(logger, options.Value.Address, exception is RpcException rpc ? PeerText.Describe(rpc.Status) : exception.Message);
        _replica.Disconnect();
        Publish();
    }

    // A notice of progress alone, which comes every few seconds, is no change.
    private void Publish()
    {
        if (_replica.View != Current.Value with { Revision = _replica.View.Revision })
            _views.Change(_ => _replica.View);
    }

    [LoggerMessage(1, LogLevel.Information, "Registry of epoch {Epoch} at revision {Revision}: {Count} instances (compacted: {Compacted})")]
    private static partial void LogSnapshot(ILogger logger, string epoch, long revision, int count, bool compacted);

    [LoggerMessage(2, LogLevel.Warning, "The watch on the broker at {Address} broke, trying on: {Reason}")]
    private static partial void LogAway(ILogger logger, Uri address, string reason);

    [LoggerMessage(3, LogLevel.Error, "The broker's watch broke the protocol, beginning anew: {Reason}")]
    private static partial void LogProtocol(ILogger logger, string reason);
}
