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

    private const string RulesRole = "rules";

    /// <summary>The errors of all stages of the route; a stage that is away, or checks nothing, has none: it tells when the run opens.</summary>
    public async Task<IReadOnlyList<FieldError>> CheckAsync(RunSettings settings, CancellationToken cancellationToken)
    {
        var request = new CheckRequest { Options = RunOptionsMapping.ToOptions(settings, settings.Input ?? "", settings.Output ?? "", "", settings.Overwrite) };
        // A stand-in: the slices are not planned yet. What cannot be done in slices is refused, even if the input turns out to be a single one.
        if (settings.Partitions != 1)
            request.Options.Slice = new InputSlice();
        var route = options.RouteOf(settings);
        var instances = Instances();
        var asked = route.Select(role => instances[role].FirstOrDefault()).OfType<Instance>();
        var answers = await Task.WhenAll(asked.Select(instance => AskAsync(instance, request, cancellationToken)));
        return [.. answers.SelectMany(errors => errors), .. Ignored(settings, route)];
    }

    /// <summary>The roles of the route for which no stage is up that could be asked.</summary>
    public IReadOnlyList<string> Missing(RunSettings settings)
    {
        var instances = Instances();
        return [.. options.RouteOf(settings).Where(role => !instances[role].Any())];
    }

    // Rules are the only option that a valid route may have no stage for, and would then be ignored silently. A stage of the user's own may take them.
    private static IEnumerable<FieldError> Ignored(RunSettings settings, IReadOnlyList<string> route)
    {
        if (settings.Rules is not null && !route.Contains(RulesRole) && route.All(CoordinatorOptions.DefaultRoles.Contains))
        {
            yield return new(
                "rules", $"must not be given: no stage of the route {string.Join(',', route)} takes rules; add the role {RulesRole} to it, or give none");
        }
    }

    // By role; a run would begin with the first one of each.
    private ILookup<string, Instance> Instances() => RoutePlanner.ByRole(registry.Current.Value.Instances.Values, RunPins.None, _ => 0, load.Of);

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
