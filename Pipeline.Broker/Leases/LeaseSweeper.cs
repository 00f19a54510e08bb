using Microsoft.Extensions.Options;
using Pipeline.Broker.Registry;

namespace Pipeline.Broker.Leases;

/// <summary>Has the registry look for leases that ran out, as long as the broker runs.</summary>
internal sealed class LeaseSweeper(InstanceRegistry registry, IOptions<LeaseOptions> options, TimeProvider time) : IHostedService, IDisposable
{
    private ITimer? _timer;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        var interval = options.Value.SweepInterval;
        _timer = time.CreateTimer(_ => registry.Sweep(), null, interval, interval);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        _timer?.Dispose();
        return Task.CompletedTask;
    }

    public void Dispose() => _timer?.Dispose();
}
