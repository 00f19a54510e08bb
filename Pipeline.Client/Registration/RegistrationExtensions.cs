using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Pipeline.Client.Registry;
using Pipeline.ServiceDefaults.Configuration;

namespace Pipeline.Client.Registration;

/// <summary>Registration with the broker.</summary>
public static class RegistrationExtensions
{
    /// <summary>Keeps this service registered while it listens, and makes /health tell whether it is. Needs AddServiceDefaults.</summary>
    /// <param name="builder">The service's builder.</param>
    /// <param name="interface">Full name of the gRPC service served, such as "pipeline.v1.Stage".</param>
    /// <param name="role">What it does in a pipeline, such as "parse".</param>
    /// <param name="configure">What else to tell, such as which batches it accepts and emits.</param>
    public static void AddBrokerRegistration(
        this IHostApplicationBuilder builder, string @interface, string role, Action<RegistrationOptions>? configure = null)
    {
        builder.AddBrokerClient();
        builder.Services.AddOptions<RegistrationOptions>()
            .Configure<IConfiguration>((options, configuration) =>
            {
                options.Interface = @interface;
                options.Role = role;
                options.InstanceId = InstanceIds.Resolve(configuration, role);
                configure?.Invoke(options);
            })
            .BindSettings(RegistrationOptions.Section);
        builder.Services.AddSingleton<BrokerRegistration>();
        builder.Services.AddHostedService(services => services.GetRequiredService<BrokerRegistration>());
        builder.Services.AddHealthChecks().AddCheck<RegistrationHealthCheck>("registered");
    }
}

/// <summary>Healthy while the lease is alive and the service is not draining.</summary>
internal sealed class RegistrationHealthCheck(BrokerRegistration registration) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(registration.State == RegistrationState.Registered
            ? HealthCheckResult.Healthy()
            : new HealthCheckResult(context.Registration.FailureStatus, $"{registration.InstanceId} is {registration.State}."));
}

/// <summary>How a service stands with the broker.</summary>
public enum RegistrationState
{
    /// <summary>Not registered yet, or the lease is gone and it registers again as soon as the broker can be reached.</summary>
    Unregistered,

    /// <summary>Registered, and the lease is alive by this service's own clock.</summary>
    Registered,

    /// <summary>Registered, finishing what it has and taking nothing new.</summary>
    Draining,

    /// <summary>Another process is registered under the same id; this one does not register again.</summary>
    Replaced,
}
