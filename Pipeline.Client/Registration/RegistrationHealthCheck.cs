using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Pipeline.Client.Registration;

/// <summary>Healthy while the lease is alive and the service is not draining.</summary>
internal sealed class RegistrationHealthCheck(BrokerRegistration registration) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(registration.State == RegistrationState.Registered
            ? HealthCheckResult.Healthy()
            : new HealthCheckResult(context.Registration.FailureStatus, $"{registration.InstanceId} is {registration.State}."));
}
