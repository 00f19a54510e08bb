using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Pipeline.Client.Channels;
using Pipeline.Client.Registry;
using Pipeline.Contracts.Broker.V1;
using Pipeline.ServiceDefaults.Hosting;
using Pipeline.ServiceDefaults.Security;

namespace Pipeline.AppHost.Supervision;

/// <summary>
/// What the broker's registry tells about processes: whose lease has expired, for those of the user's own, which may have no HTTP endpoint to be asked at;
/// and whose instances were taken out (<c>pipeline stop</c>): they are asked to end, and not started again. A process that drains
/// because it was sent SIGTERM is started again.
/// </summary>
internal sealed class RegisteredProcesses(DistributedApplicationModel model, TimeProvider time) : BackgroundService
{
    private readonly Lock _lock = new();
    private readonly HashSet<ProcessIdentity> _takenOut = [];
    private List<IReadOnlyList<ProcessIdentity>> _expired = [];

    // Each with its ancestors, since what Aspire started may be a launcher. By lease, read while the processes live: one that was taken out may be
    // gone before this hears of it, and later the id may be another process's.
    private Dictionary<long, IReadOnlyList<ProcessIdentity>> _known = [];

    /// <summary>Whether a process that has ended was taken out.</summary>
    public bool IsTakenOut(ProcessIdentity process)
    {
        lock (_lock)
            return _takenOut.Contains(process);
    }

    /// <summary>A resource's process, or one that descends from it, whose lease has expired, and that has not registered again.</summary>
    /// <returns>Null where there is none.</returns>
    public ProcessIdentity? ExpiredBelow(ProcessIdentity resource)
    {
        lock (_lock)
            return _expired.Find(processes => processes.Contains(resource) && processes[0].IsAlive)?[0];
    }

    /// <summary>Takes the latest view of the registry into account.</summary>
    internal void Apply(RegistryView view)
    {
        lock (_lock)
        {
            var instances = view.Instances.Values.Concat(view.TakenOut.Values).ToList();
            _known = instances.Concat(view.Expired.Values).DistinctBy(instance => instance.LeaseId).ToDictionary(
                instance => instance.LeaseId,
                instance => _known.GetValueOrDefault(instance.LeaseId)
                    ?? [.. ResourceProcesses.WithAncestors(ProcessIdentity.Find(instance.ProcessId))]);
            // Live instances last: an ancestor that they share with one that was taken out is to be restarted.
            foreach (var instance in instances.OrderByDescending(instance => instance.TakenOut))
            {
                if (instance.TakenOut)
                    _takenOut.UnionWith(_known[instance.LeaseId]);
                else
                    _takenOut.ExceptWith(_known[instance.LeaseId]);
            }

            // A process that has registered again by another name is forgotten under the former one.
            var registered = view.Instances.Values.SelectMany(instance => _known[instance.LeaseId].Take(1)).ToHashSet();
            foreach (var lease in view.Expired.Values.Select(instance => instance.LeaseId))
            {
                if (registered.Overlaps(_known[lease].Take(1)))
                    _known[lease] = [];
            }

            _expired = [.. view.Expired.Values.Select(instance => _known[instance.LeaseId])];
        }
    }

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
            Apply(view);
    }
}
