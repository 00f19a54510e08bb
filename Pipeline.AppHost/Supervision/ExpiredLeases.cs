using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Pipeline.Client.Channels;
using Pipeline.Client.Registry;
using Pipeline.Contracts.Broker.V1;
using Pipeline.ServiceDefaults.Hosting;
using Pipeline.ServiceDefaults.Security;

namespace Pipeline.AppHost.Supervision;

/// <summary>Processes whose lease with the broker has expired, and that have not registered again.</summary>
internal sealed class ExpiredLeases
{
    private readonly ConcurrentDictionary<int, ProcessIdentity> _processes = new();
    private RegistryView _known = RegistryView.Empty;

    /// <summary>Takes the latest view of the registry into account.</summary>
    public void Apply(RegistryView view)
    {
        // Only what is new: later the id may be another process's.
        foreach (var instance in view.Expired.Values.Except(_known.Expired.Values))
        {
            if (ProcessIdentity.Find(instance.ProcessId) is { } process)
                _processes[instance.ProcessId] = process;
        }

        // Processes that have ended are not kept.
        foreach (var process in _processes.Values.Where(process => !process.IsAlive))
            _processes.TryRemove(process.Id, out _);
        foreach (var instance in view.Instances.Values)
            _processes.TryRemove(instance.ProcessId, out _);
        _known = view;
    }

    /// <summary>One of them that is a resource's process or descends from it.</summary>
    /// <returns>Null where there is none.</returns>
    public ProcessIdentity? Below(ProcessIdentity resource) =>
        _processes.Values.Where(process => ResourceProcesses.IsBelow(process, resource)).Cast<ProcessIdentity?>().FirstOrDefault();
}

/// <summary>
/// Follows the broker's registry: which leases have expired, for processes of the user's own, which may have no HTTP endpoint to be asked at; and which
/// instances were taken out, whose processes are not to be started again.
/// </summary>
internal sealed class LeaseFollower(DistributedApplicationModel model, ExpiredLeases leases, TakenOutProcesses takenOut, TimeProvider time) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var broker = model.Resources.OfType<IResourceWithEndpoints>().Single(resource => resource.Name == "broker").GetEndpoint("grpc");
        var port = await broker.Property(EndpointProperty.Port).GetValueAsync(stoppingToken);
        var parameter = model.Resources.OfType<ParameterResource>().Single(resource => resource.Name == PipelineModel.KeyName);
        var key = await parameter.GetValueAsync(stoppingToken);
        var options = new BrokerClientOptions { Address = new Uri($"http://127.0.0.1:{port}") };
        using var channels = new PipelineChannels(
            Options.Create(new ChannelOptions()), new SharedKey(Options.Create(new SharedKeyOptions { Key = key! })));
        using var watcher = new RegistryWatcher(
            new Broker.BrokerClient(channels.Get(options.Address).Invoker),
            Options.Create(options),
            time,
            NullLogger<RegistryWatcher>.Instance);
        await watcher.StartAsync(stoppingToken);
        await foreach (var view in watcher.WatchAsync(stoppingToken))
        {
            leases.Apply(view);
            takenOut.Apply(view);
        }
    }
}
