using System.Collections.Immutable;
using Pipeline.Client.Registry;
using Pipeline.Client.Runs;
using Pipeline.Orchestrator.Instances;
using Pipeline.Orchestrator.Web.Views;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.Orchestrator.Web;

/// <summary>Does to a stage's process what may happen to it, as the AppHost's commands do; only where an AppHost brings it back.</summary>
internal sealed class FaultActions(IConfiguration configuration, TimeProvider time, ILogger<FaultActions> logger)
{
    private const int MaxSent = 200;

    /// <summary>What was done, newest first.</summary>
    public Observable<ImmutableArray<Incident>> Sent { get; } = new([]);

    /// <summary>Whether somebody restarts what is killed.</summary>
    public bool AreOffered { get; } = !string.IsNullOrEmpty(configuration[AppHostWatch.Variable]);

    /// <summary>Whether processes can be suspended on this system.</summary>
    public static bool CanSuspend => !OperatingSystem.IsWindows();

    /// <summary>Sends a signal to an instance's process.</summary>
    /// <returns>Why it could not be sent, or null.</returns>
    public string? Send(TopologyInstance instance, ProcessSignal signal)
    {
        if (!AreOffered)
            return "nobody would restart what is killed: no AppHost has started this pipeline";
        var found = ListeningProcess.Find(instance.ProcessId, instance.Address);
        if (found.Identity is not { } process)
            return $"{signal} was not sent to {instance.InstanceId}: {found.WhyNot}";
        PageLog.Signal(logger, signal, instance.InstanceId, instance.ProcessId);
        var refused = OperatingSystem.IsWindows() ? process.Kill(entireTree: false) : process.Send(signal);
        if (refused is not null)
            return refused;
        var kind = signal switch { ProcessSignal.Kill => "killed", ProcessSignal.Stop => "suspended", _ => "continued" };
        var sent = new Incident(
            time.GetUtcNow(), kind, IncidentSeverity.Info, $"{instance.Role} {instance.InstanceId}", $"process {instance.ProcessId}, asked for on this page");
        Sent.Change(former => [sent, .. former.Take(MaxSent - 1)]);
        return null;
    }
}

/// <summary>Log of the page.</summary>
internal static partial class PageLog
{
    /// <summary>A signal was sent.</summary>
    [LoggerMessage(EventId = 3040, Level = LogLevel.Information, Message = "{Signal} to {Instance}, process {Process}, asked for on the page")]
    public static partial void Signal(ILogger logger, ProcessSignal signal, string instance, int process);

    /// <summary>A chart cannot be drawn in the browser.</summary>
    [LoggerMessage(EventId = 3041, Level = LogLevel.Warning, Message = "A chart cannot be drawn: {Reason}")]
    public static partial void NoChart(ILogger logger, string reason);
}
