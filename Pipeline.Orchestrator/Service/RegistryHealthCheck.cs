using Microsoft.Extensions.Diagnostics.HealthChecks;
using Pipeline.Client.Registry;

namespace Pipeline.Orchestrator.Service;

/// <summary>Healthy while the broker's watch is open: without it no route is found.</summary>
internal sealed class RegistryHealthCheck(IRegistry registry) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(registry.Current.Value.IsConnected
            ? HealthCheckResult.Healthy()
            : new HealthCheckResult(context.Registration.FailureStatus, "The broker is out of reach."));
}
