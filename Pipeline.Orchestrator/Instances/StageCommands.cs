using Pipeline.Client.Registry;
using Pipeline.Client.Runs;
using Pipeline.Contracts;
using Pipeline.Contracts.Broker.V1;
using Pipeline.Orchestrator.Routes;
using Pipeline.Orchestrator.Runs;

namespace Pipeline.Orchestrator.Instances;

/// <summary>A request that names no instance, or not exactly one.</summary>
/// <param name="isUnknown">There is none; else there are several.</param>
/// <param name="message">Which there are.</param>
internal sealed class InstanceChoiceException(bool isUnknown, string message) : Exception(message)
{
    /// <summary>There is none.</summary>
    public bool IsUnknown => isUnknown;
}

/// <summary>Takes instances out, and has implementations replaced, while runs go on.</summary>
internal sealed partial class StageCommands(
    IRegistry registry, RunService runs, InstanceLoad load, IInstanceControl control, CoordinatorOptions options, TimeProvider time,
    ILogger<StageCommands> logger)
{
    /// <summary>An attempt that does not drain in time is broken off, which takes a moment.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(1);

    private IEnumerable<Instance> Live => RoutePlanner.Live(registry.Current.Value.Instances.Values);

    /// <summary>Takes an instance out.</summary>
    /// <param name="name">Its id, or its role where no other instance has it.</param>
    /// <exception cref="InstanceChoiceException">There is no such instance, or several have the role.</exception>
    /// <exception cref="StageException">The broker is out of reach.</exception>
    public async Task<StoppedInstance> StopAsync(string name)
    {
        if (Live.FirstOrDefault(instance => instance.InstanceId == name) is { } named)
            return await StopAsync(named);
        var candidates = Live.Where(instance => instance.Role == name).ToList();
        return candidates.Count switch
        {
            1 => await StopAsync(candidates[0]),
            0 => throw new InstanceChoiceException(
                isUnknown: true, $"no instance or role {name} is up: topology lists them. To stop a run: `pipeline pause RUN` or `pipeline cancel RUN`"),
            _ => throw new InstanceChoiceException(
                isUnknown: false, $"{name} has {candidates.Count} instances, name one: {List(candidates)}"),
        };
    }

    /// <summary>Has another implementation take over a role in all active runs.</summary>
    /// <param name="role">The role.</param>
    /// <param name="with">An instance of the new one; null: the only other one that is up.</param>
    /// <param name="stopOld">Takes the instances of the others out.</param>
    /// <exception cref="InstanceChoiceException">There is no such instance, or none or several could take over.</exception>
    /// <exception cref="StageException">The broker is out of reach.</exception>
    public async Task<ReplacedRole> ReplaceAsync(string role, string? with, bool stopOld)
    {
        var candidates = Live.Where(instance => instance.Role == role).ToList();
        if (candidates.Count == 0)
            throw new InstanceChoiceException(isUnknown: true, $"no instance of {role} is up: topology lists who is");
        var chosen = with is null
            ? OnlyOther(candidates)
            : candidates.FirstOrDefault(instance => instance.InstanceId == with) is { } named
                ? Implementation.Of(named)
                : throw new InstanceChoiceException(isUnknown: true, $"{with} is no instance of {role} that is up: {List(candidates)}");
        var moved = runs.Replace(chosen);
        var stopped = await Task.WhenAll(candidates.Where(instance => stopOld && Implementation.Of(instance) != chosen).Select(StopOldAsync));
        return new ReplacedRole
        {
            Implementation = chosen,
            Instances = [.. candidates.Where(instance => Implementation.Of(instance) == chosen).Select(instance => instance.InstanceId)],
            Runs = [.. moved.Select(run => run.Id)],
            Stopped = stopped,
        };
    }

    // The runs have moved already: what goes wrong now is told of the instance, and harms no other.
    private async Task<StoppedInstance> StopOldAsync(Instance instance)
    {
        try
        {
            return await StopAsync(instance);
        }
        catch (Exception error) when (error is InstanceChoiceException or StageException)
        {
            return ReportOf(instance, error.Message) with { TakenOut = error is InstanceChoiceException { IsUnknown: true } };
        }
    }

    private Implementation OnlyOther(IReadOnlyList<Instance> candidates)
    {
        var role = candidates[0].Role;
        var used = runs.List().Where(run => run.State.IsActive()).SelectMany(run => run.Implementations).ToHashSet();
        var up = candidates.Select(Implementation.Of).Distinct().ToList();
        // Without a run none is the other one.
        var others = up.Where(one => !used.Contains(one) && (up.Count > 1 || used.Any(pinned => pinned.Role == role))).ToList();
        return others.Count switch
        {
            1 => others[0],
            0 => throw new InstanceChoiceException(
                isUnknown: false, $"no other implementation of {role} is up: {List(candidates)}"),
            _ => throw new InstanceChoiceException(
                isUnknown: false, $"several implementations of {role} could take over, name an instance with --with: {List(candidates)}"),
        };
    }

    private async Task<StoppedInstance> StopAsync(Instance instance)
    {
        // While it is certain that it runs: afterwards its id may mean another process.
        var process = control.Find(instance);
        var through = runs.Through(instance);
        if (!await control.DrainAsync(instance))
            throw new InstanceChoiceException(isUnknown: true, $"{instance.InstanceId} is gone, or has registered anew: topology tells");
        LogTakenOut(logger, instance.InstanceId);
        var drained = await LeftAsync(instance);
        var refused = process.Identity is { } identity ? control.Terminate(identity) : process.WhyNot;
        LogEnds(logger, instance.InstanceId, instance.ProcessId, refused ?? "asked to end");
        var message = refused is null
            ? $"process {instance.ProcessId} was asked to end; an AppHost that started it does not restart it"
            : $"end it yourself: {refused}";
        return ReportOf(instance, message) with { TakenOut = true, Drained = drained, Signalled = refused is null, Runs = through };
    }

    // As if nothing had been done to it.
    private static StoppedInstance ReportOf(Instance instance, string message) => new()
    {
        InstanceId = instance.InstanceId,
        Implementation = Implementation.Of(instance),
        ProcessId = instance.ProcessId,
        TakenOut = false,
        Drained = false,
        Signalled = false,
        Message = message,
        Runs = [],
    };

    /// <summary>Waits until no attempt goes through it, as long as one may take to drain.</summary>
    /// <returns>False: one still does.</returns>
    private async Task<bool> LeftAsync(Instance instance)
    {
        using var patience = new CancellationTokenSource(options.DrainTimeout + Margin, time);
        try
        {
            // The view may be older than the broker's answer, and another attempt may just have begun by it.
            for (var view = registry.Current; IsLive(view.Value); view = registry.Current)
                await view.Superseded.WaitAsync(patience.Token);
            await load.IdleAsync(instance, patience.Token);
            return true;
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            LogStays(logger, instance.InstanceId, options.DrainTimeout.TotalSeconds);
            return false;
        }

        bool IsLive(RegistryView view) =>
            view.Instances.GetValueOrDefault(instance.InstanceId) is { State: InstanceState.Live } now && now.LeaseId == instance.LeaseId;
    }

    private static string List(IEnumerable<Instance> instances) =>
        string.Join(", ", instances.Select(instance => $"{instance.InstanceId} ({Implementation.Of(instance)})"));

    [LoggerMessage(EventId = 3030, Level = LogLevel.Information, Message = "{InstanceId} is taken out: no new attempt goes through it")]
    private static partial void LogTakenOut(ILogger logger, string instanceId);

    [LoggerMessage(EventId = 3031, Level = LogLevel.Warning, Message = "{InstanceId}: attempts have not drained within {Seconds} s")]
    private static partial void LogStays(ILogger logger, string instanceId, double seconds);

    [LoggerMessage(EventId = 3032, Level = LogLevel.Information, Message = "{InstanceId}, process {ProcessId}: {Outcome}")]
    private static partial void LogEnds(ILogger logger, string instanceId, int processId, string outcome);
}
