using Grpc.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Client.Channels;
using Pipeline.Client.Registry;
using Pipeline.Contracts.Broker.V1;
using Pipeline.ServiceDefaults.Endpoints;
using BrokerService = Pipeline.Contracts.Broker.V1.Broker;

namespace Pipeline.Client.Registration;

/// <summary>Keeps this service registered from when it listens until it stops, whatever happens to the broker meanwhile.</summary>
public sealed partial class BrokerRegistration(
    BrokerService.BrokerClient broker, BoundEndpoints endpoints, IOptions<BrokerClientOptions> client, IOptions<RegistrationOptions> registration,
    IHostApplicationLifetime lifetime, TimeProvider time, ILogger<BrokerRegistration> logger) : BackgroundService
{
    /// <summary>How long a service that was never registered looks for the broker without a warning: at a start the broker may be the last to listen.</summary>
    internal static readonly TimeSpan StartAllowance = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan UnregisterTimeout = TimeSpan.FromSeconds(1);

    private readonly long _began = time.GetTimestamp();
    private readonly BackOff _backOff = new(client.Value.RetryDelay, client.Value.MaxRetryDelay, time);
    private readonly TaskCompletionSource _drain = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile HeldLease? _lease;
    private volatile bool _replaced;
    private bool _wasRegistered;
    private bool _away;
    private StatusCode? _refusal;

    /// <summary>Name under which it registers.</summary>
    public string InstanceId => registration.Value.InstanceId;

    /// <summary>How it stands with the broker now.</summary>
    public RegistrationState State =>
        _replaced ? RegistrationState.Replaced
        : _lease is not { } lease || !lease.IsAlive(time) ? RegistrationState.Unregistered
        : _drain.Task.IsCompleted ? RegistrationState.Draining
        : RegistrationState.Registered;

    /// <summary>From now on it takes no new attempts, and no route leads to it; for good. The host's stop does this by itself.</summary>
    public void Drain() => _drain.TrySetResult();

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await UnregisterAsync();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await using var draining = lifetime.ApplicationStopping.Register(Drain);
        try
        {
            var address = await endpoints.WaitForGrpcAddressAsync(stoppingToken);
            while (true)
            {
                try
                {
                    // A broken stream alone says nothing about the lease: only when the broker does not know it is there a new one.
                    _lease ??= await RegisterAsync(address);
                    _replaced = await KeepAliveAsync(stoppingToken);
                    _lease = null;
                    if (_replaced)
                    {
                        LogReplaced(logger, InstanceId);
                        return;
                    }

                    LogLeaseUnknown(logger, InstanceId);
                }
                catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
                {
                    Away(exception);
                }
                await _backOff.WaitAsync(stoppingToken);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or RpcException && stoppingToken.IsCancellationRequested)
        {
            // The host stops; a call that was under way tells it by its status.
        }
    }

    // Not cancelled by a stop: without the answer the lease is not known, and could not be given back.
    private async Task<HeldLease> RegisterAsync(Uri address)
    {
        var sentAt = time.GetTimestamp();
        var request = new RegisterRequest
        {
            Instance = new Instance
            {
                InstanceId = InstanceId,
                Interface = registration.Value.Interface,
                Role = registration.Value.Role,
                Address = address.GetLeftPart(UriPartial.Authority),
                Accepts = { registration.Value.Accepts },
                Emits = { registration.Value.Emits },
                Version = registration.Value.Version,
                Language = "csharp",
                Metadata = { registration.Value.Metadata },
                ProcessId = Environment.ProcessId,
            },
        };
        // With the channel's deadline, which is generous: the first registration meets a broker whose code is not compiled yet, on a machine
        // on which everything starts at once. A broker that hangs is found by HTTP/2 pings before that.
        var answer = await broker.RegisterAsync(request);
        (_wasRegistered, _away, _refusal) = (true, false, null);
        LogRegistered(logger, InstanceId, answer.LeaseId, answer.Revision, answer.TtlMs);
        return new HeldLease(answer.LeaseId, TimeSpan.FromMilliseconds(answer.TtlMs), sentAt);
    }

    /// <summary>Renews the lease as long as the broker knows it.</summary>
    /// <returns>True: another process is registered under this id.</returns>
    private async Task<bool> KeepAliveAsync(CancellationToken cancellationToken)
    {
        using var call = broker.KeepAlive(cancellationToken: cancellationToken);
        while (_lease is { } lease)
        {
            var sentAt = time.GetTimestamp();
            var draining = _drain.Task.IsCompleted;
            await call.RequestStream.WriteAsync(new KeepAliveRequest { LeaseId = lease.LeaseId, Draining = draining }, cancellationToken);
            var third = lease.TimeToLive / 3;
            // Renewed after a third of its time, it is lost when the other two have passed without an answer.
            if (!await call.ResponseStream.MoveNext(cancellationToken).WaitAsync(2 * third, time, cancellationToken))
                throw new RpcException(new Status(StatusCode.Unavailable, "The broker ended the stream of renewals."));
            if (!call.ResponseStream.Current.Known)
                return call.ResponseStream.Current.Replaced;
            _lease = new HeldLease(lease.LeaseId, TimeSpan.FromMilliseconds(call.ResponseStream.Current.TtlMs), sentAt);
            Reached();
            await PauseAsync(third, draining, cancellationToken);
        }

        return false;
    }

    private async Task PauseAsync(TimeSpan pause, bool draining, CancellationToken cancellationToken)
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var delay = Task.Delay(pause, time, cancel.Token);
        // That it drains is told at once.
        await (draining ? delay : Task.WhenAny(delay, _drain.Task));
        await cancel.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }

    private async Task UnregisterAsync()
    {
        if (_lease is not { } lease)
            return;
        _lease = null;
        try
        {
            // The host's own patience is nearly used up, and the lease runs out by itself. By the system's clock, as gRPC measures deadlines.
            await broker.UnregisterAsync(
                new UnregisterRequest { InstanceId = InstanceId, LeaseId = lease.LeaseId }, deadline: DateTime.UtcNow + UnregisterTimeout);
            LogUnregistered(logger, InstanceId);
        }
        catch (RpcException exception)
        {
            LogNotUnregistered(logger, InstanceId, exception.StatusCode);
        }
    }

    private void Reached()
    {
        if (_away)
            LogBack(logger);
        _away = false;
        _backOff.Reset();
    }

    private void Away(Exception exception)
    {
        // Once, and not at each try.
        if (exception is RpcException { StatusCode: not (StatusCode.Unavailable or StatusCode.DeadlineExceeded) } refused && _lease is null)
        {
            if (_refusal != refused.StatusCode)
                LogRefused(logger, client.Value.Address, InstanceId, PeerText.Describe(refused.Status));
            (_away, _refusal) = (false, refused.StatusCode);
            return;
        }

        if (!_wasRegistered && time.GetElapsedTime(_began) < StartAllowance)
            return;
        if (!_away)
            LogAway(logger, client.Value.Address, exception is RpcException failure ? PeerText.Describe(failure.Status) : exception.Message);
        (_away, _refusal) = (true, null);
    }
}
