using Microsoft.Extensions.Options;
using Pipeline.Broker.Registry;

namespace Pipeline.Broker.Leases;

/// <summary>Has the registry look for leases that ran out, as long as the broker runs.</summary>
internal sealed class LeaseSweeper(InstanceRegistry registry, IOptions<LeaseOptions> options, TimeProvider time) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.SweepInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            registry.Sweep();
    }
}
