namespace Pipeline.AppHost.Supervision;

/// <summary>
/// States that the supervisor shows in the dashboard in the place of Aspire's own, and what Aspire's commands make of them.
/// </summary>
internal static class RestartStates
{
    /// <summary>How the state of a replica that is to be restarted begins.</summary>
    public const string Due = "restart";

    /// <summary>How the state of a replica begins that is not restarted any more.</summary>
    public const string GivenUp = "given up:";

    /// <summary>State of a process that hangs, until it is killed.</summary>
    public const string Hung = "does not answer";

    private static readonly string[] FollowedCommands =
    [
        KnownResourceCommands.StartCommand, KnownResourceCommands.StopCommand,
        KnownResourceCommands.RestartCommand, KnownResourceCommands.RebuildCommand,
    ];

    /// <summary>Aspire's state behind a shown one.</summary>
    public static ResourceStateSnapshot? Original(ResourceStateSnapshot? state) => state?.Text switch
    {
        Hung => KnownResourceStates.Running,
        { } text when text.StartsWith(Due, StringComparison.Ordinal) || text.StartsWith(GivenUp, StringComparison.Ordinal) =>
            KnownResourceStates.Finished,
        _ => state,
    };

    /// <summary>Has Aspire's commands know the shown states, and tell the replicas before they stop anything, and what came of it.</summary>
    /// <param name="resource">The resource.</param>
    /// <param name="replicasOf">The replicas that are meant by the id of one, and whether it is a rebuild.</param>
    public static void FollowCommands(IResource resource, Func<string, bool, IReadOnlyList<SupervisedInstance>> replicasOf)
    {
        for (var i = 0; i < resource.Annotations.Count; i++)
        {
            if (resource.Annotations[i] is ResourceCommandAnnotation command && FollowedCommands.Contains(command.Name))
                resource.Annotations[i] = Follow(command, replicasOf);
        }
    }

    private static ResourceCommandAnnotation Follow(
        ResourceCommandAnnotation command, Func<string, bool, IReadOnlyList<SupervisedInstance>> replicasOf) => new(
        command.Name,
        command.DisplayName,
        context => command.UpdateState(new UpdateCommandStateContext
        {
            Services = context.Services,
            ResourceSnapshot = context.ResourceSnapshot with { State = StateFor(command.Name, context.ResourceSnapshot.State) },
        }),
        command.Name == KnownResourceCommands.StartCommand ? command.ExecuteCommand : context => ExecuteAsync(command, context, replicasOf),
        command.DisplayDescription,
        command.Arguments,
        command.ConfirmationMessage,
        command.IconName,
        command.IconVariant,
        command.IsHighlighted,
        command.Visibility,
        command.ValidateArguments);

    // A restart that is due can be stopped.
    private static ResourceStateSnapshot? StateFor(string command, ResourceStateSnapshot? state) =>
        command == KnownResourceCommands.StopCommand && state?.Text.StartsWith(Due, StringComparison.Ordinal) == true
            ? KnownResourceStates.Running
            : Original(state);

    private static async Task<ExecuteCommandResult> ExecuteAsync(
        ResourceCommandAnnotation command, ExecuteCommandContext context, Func<string, bool, IReadOnlyList<SupervisedInstance>> replicasOf)
    {
        var isRebuild = command.Name == KnownResourceCommands.RebuildCommand;
        var replicas = replicasOf(context.ResourceName, isRebuild);
        await Task.WhenAll(replicas.Select(replica => replica.CommandBeginsAsync(isRebuild)));
        var hasEffect = false;
        try
        {
            var result = await command.ExecuteCommand(context);
            hasEffect = result.Success;
            return result;
        }
        finally
        {
            await Task.WhenAll(replicas.Select(replica => replica.CommandEndsAsync(hasEffect)));
        }
    }
}
