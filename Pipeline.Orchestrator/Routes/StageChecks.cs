using Grpc.Core;
using Pipeline.Client.Channels;
using Pipeline.Client.Registry;
using Pipeline.Client.Runs;
using Pipeline.Contracts.Broker.V1;
using Pipeline.Contracts.V1;
using Pipeline.Orchestrator.Runs;
using Pipeline.ServiceDefaults.Endpoints;

namespace Pipeline.Orchestrator.Routes;

/// <summary>Asks the stages what they would refuse of a run's settings, before there is a run.</summary>
internal sealed class StageChecks(IRegistry registry, PipelineChannels channels, InstanceLoad load, CoordinatorOptions options)
{
    // In 5 s the supervisor finds a hung stage. Clients wait 10 s for the answer to the whole request.
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    /// <summary>The errors of all stages of the route; a stage that is away, or checks nothing, has none: it tells when the run opens.</summary>
    public async Task<IReadOnlyList<FieldError>> CheckAsync(RunSettings settings, CancellationToken cancellationToken)
    {
        var request = new CheckRequest { Options = RunOptionsMapping.ToOptions(settings, settings.Input ?? "", settings.Output ?? "", "", settings.Overwrite) };
        // A stand-in: the slices are not planned yet. What cannot be done in slices is refused, even if the input turns out to be a single one.
        if (settings.Partitions != 1)
            request.Options.Slice = new InputSlice();
        // Those that the run would begin with.
        var instances = RoutePlanner.ByRole(
            registry.Current.Value.Instances.Values, new RunPins([], MayUpgrade: true), _ => 0, load.Of);
        var asked = options.RouteOf(settings).Select(role => instances[role].FirstOrDefault()).OfType<Instance>();
        var answers = await Task.WhenAll(asked.Select(instance => AskAsync(instance, request, cancellationToken)));
        return [.. answers.SelectMany(errors => errors)];
    }

    private async Task<IEnumerable<FieldError>> AskAsync(Instance instance, CheckRequest request, CancellationToken cancellationToken)
    {
        if (!LoopbackAddress.TryParse(instance.Address, out var address))
            return [];
        try
        {
            using var channel = channels.Create(new Uri(address));
            var response = await new Stage.StageClient(channel.Invoker).CheckAsync(
                request, deadline: DateTime.UtcNow + Deadline, cancellationToken: cancellationToken);
            return response.Errors.Select(RunOptionsMapping.ToError);
        }
        catch (RpcException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return [];
        }
    }
}
