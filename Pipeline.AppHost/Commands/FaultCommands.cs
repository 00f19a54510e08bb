using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Extensions.DependencyInjection;

namespace Pipeline.AppHost.Commands;

/// <summary>Commands that do to a process what may happen to it, to watch the recovery: kill, hang, continue.</summary>
internal static partial class FaultCommands
{
    private const int Kill = 9;

    // signal(7): the numbers differ between Linux and macOS.
    private static readonly int Stop = OperatingSystem.IsMacOS() ? 17 : 19;
    private static readonly int Continue = OperatingSystem.IsMacOS() ? 19 : 18;

    /// <summary>Adds kill, and where the system can suspend processes hang and continue.</summary>
    public static IResourceBuilder<T> WithFaultCommands<T>(this IResourceBuilder<T> builder)
        where T : IResource
    {
        builder.WithSignal("kill", "Kill", "HeartBroken", Kill, "Ends the process at once; the restart policy brings it back.");
        return OperatingSystem.IsWindows()
            ? builder
            : builder
                .WithSignal("hang", "Hang", "Pause", Stop, "Suspends the process (SIGSTOP), until it is found hung and replaced.")
                .WithSignal("continue", "Continue", "Play", Continue, "Lets a suspended process go on (SIGCONT).");
    }

    private static IResourceBuilder<T> WithSignal<T>(
        this IResourceBuilder<T> builder, string name, string displayName, string icon, int signal, string description)
        where T : IResource => builder.WithCommand(name, displayName, context => Task.FromResult(Send(context, signal)), new CommandOptions
        {
            Description = description,
            IconName = icon,
            ConfirmationMessage = signal == Continue ? null : $"{description} A run that goes through it recovers with the same results.",
            UpdateState = context => ProcessOf(context.ResourceSnapshot) is null ? ResourceCommandState.Disabled : ResourceCommandState.Enabled,
        });

    private static ExecuteCommandResult Send(ExecuteCommandContext context, int signal)
    {
        var notifications = context.Services.GetRequiredService<ResourceNotificationService>();
        if (!notifications.TryGetCurrentState(context.ResourceName, out var current) || ProcessOf(current.Snapshot) is not { } process)
            return CommandResults.Failure($"{context.ResourceName} does not run");
        if (OperatingSystem.IsWindows())
            System.Diagnostics.Process.GetProcessById(process).Kill();
        else if (SendSignal(process, signal) != 0)
            return CommandResults.Failure($"process {process}: {Marshal.GetLastPInvokeErrorMessage()}");
        return CommandResults.Success();
    }

    private static int? ProcessOf(CustomResourceSnapshot snapshot) =>
        snapshot.State?.Text == KnownResourceStates.Running
        && snapshot.Properties.FirstOrDefault(property => property.Name == "executable.pid")?.Value is { } id
            ? Convert.ToInt32(id, CultureInfo.InvariantCulture)
            : null;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int process, int signal);
}
