using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Pipeline.LocalHost.Processes;

namespace Pipeline.LocalHost.Orchestration;

/// <summary>Starts all resources with the AppHost, and stops them with it.</summary>
internal sealed class Orchestrator(
    DistributedApplicationModel model,
    DistributedApplicationExecutionContext execution,
    IConfiguration configuration,
    InstanceNames names,
    InstanceSet instances,
    ResourceNotificationService notifications,
    ResourceLoggerService logs,
    TimeProvider time) : IHostedService, IDisposable
{
    private readonly ProcessHost _processes = new();
    private readonly HealthPoller _health = new(time);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        var context = new InstanceContext(
            _processes, new InstanceCommand(execution, configuration), names, notifications, logs, _health, time);
        var randomize = configuration.GetValue("DcpPublisher:RandomizePorts", false);
        var taken = new HashSet<int>();
        foreach (var resource in model.Resources)
        {
            var replica = 0;
            foreach (var id in names.Of(resource))
                instances.Add(new Instance(resource, id, InstancePorts.Allocate(resource, replica++, randomize, taken), context));
        }

        foreach (var instance in instances.All)
            instance.Start();
        return Task.CompletedTask;
    }

    /// <summary>Returns only when no process is left: the token would save seconds and leave orphans.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => Task.WhenAll(instances.All.Select(instance => instance.CloseAsync()));

    public void Dispose()
    {
        _processes.Dispose();
        _health.Dispose();
    }
}
