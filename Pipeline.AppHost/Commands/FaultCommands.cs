using Microsoft.Extensions.DependencyInjection;
using Pipeline.AppHost.Supervision;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.AppHost.Commands;

/// <summary>Commands that do to a process what may happen to it, to watch the recovery: kill, hang, continue.</summary>
internal static class FaultCommands
{
    /// <summary>Adds kill, and where the system can suspend processes hang and continue.</summary>
    public static IResourceBuilder<T> WithFaultCommands<T>(this IResourceBuilder<T> builder)
        where T : IResource
    {
        builder.WithSignal("kill", "Kill", "HeartBroken", ProcessSignal.Kill, "Ends the process at once; the restart policy brings it back.");
        return OperatingSystem.IsWindows()
            ? builder
            : builder
                .WithSignal("hang", "Hang", "Pause", ProcessSignal.Stop, "Suspends the process (SIGSTOP), until it is found hung and replaced.")
                .WithSignal("continue", "Continue", "Play", ProcessSignal.Continue, "Lets a suspended process go on (SIGCONT).");
    }

    private static IResourceBuilder<T> WithSignal<T>(
        this IResourceBuilder<T> builder, string name, string displayName, string icon, ProcessSignal signal, string description)
        where T : IResource => builder.WithCommand(name, displayName, context => Task.FromResult(Send(context, signal)), new CommandOptions
        {
            Description = description,
            IconName = icon,
            ConfirmationMessage = signal == ProcessSignal.Continue ? null : $"{description} A run that goes through it recovers with the same results.",
            UpdateState = context => Runs(context.ResourceSnapshot) ? ResourceCommandState.Enabled : ResourceCommandState.Disabled,
        });

    private static ExecuteCommandResult Send(ExecuteCommandContext context, ProcessSignal signal)
    {
        var processes = context.Services.GetRequiredService<ResourceProcesses>();
        if (processes.Find(context.ResourceName) is not { } process)
            return CommandResults.Failure($"{context.ResourceName} does not run");
        var reason = OperatingSystem.IsWindows() ? process.Kill(entireTree: false) : process.Send(signal);
        return reason is null ? CommandResults.Success() : CommandResults.Failure($"process {process.Id}: {reason}");
    }

    // Also while the supervisor shows that it does not answer.
    private static bool Runs(CustomResourceSnapshot snapshot) =>
        InstanceState.Read(snapshot with { State = RestartStates.Original(snapshot.State) }) is { Phase: InstancePhase.Running };
}
