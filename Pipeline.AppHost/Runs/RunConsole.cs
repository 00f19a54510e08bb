using Microsoft.Extensions.Hosting;
using Pipeline.AppHost.Logs;
using Pipeline.AppHost.Supervision;

namespace Pipeline.AppHost.Runs;

/// <summary>Passes the console output of the resource "run" on to the AppHost's own, and makes its end the AppHost's under --exit.</summary>
internal sealed class RunConsole(
    PipelineCommand command,
    PipelineModel pipeline,
    DistributedApplicationModel model,
    ResourceNotificationService notifications,
    ResourceLoggerService logs,
    SupervisionOutcome supervision,
    IHostApplicationLifetime lifetime) : BackgroundService
{
    /// <summary>Name of the resource that makes the run.</summary>
    public const string Run = "run";

    /// <summary>Name of the resource that generates the sample.</summary>
    public const string Sample = "sample";

    // The command line's own words where it was interrupted before there was a run.
    private const string Interrupted = "error: interrupted";

    private readonly RunOutput _output = new();

    /// <summary>Whether a resource has ended, or could not be started.</summary>
    public static bool HasEnded(ResourceEvent change) => KnownResourceStates.TerminalStates.Contains(change.Snapshot.State?.Text);

    /// <summary>Whether the process was killed: -1, as DCP tells of a signal, or 128 plus its number; on Windows an NTSTATUS.</summary>
    public static bool WasKilled(CustomResourceSnapshot run) => run.ExitCode is < 0 or (> 128 and not PipelineApplication.Interrupted);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var following = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        var running = notifications.WaitForResourceAsync(Run, HasEnded, following.Token);
        var copying = CopyAsync(following.Token);
        if (await Task.WhenAny(running, supervision.GivenUp) != running)
        {
            await Console.Error.WriteLineAsync($"error: {await supervision.GivenUp}");
            // Without --exit a person may repair what was given up, and the run goes on.
            if (command.Exit)
            {
                supervision.ExitCode = PipelineApplication.Failure;
                lifetime.StopApplication();
            }
        }

        ResourceEvent? ended;
        try
        {
            ended = await running;
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // RunDrain waits for the same end: once it was notified, the host may cancel this wait before it is.
            if (!notifications.TryGetCurrentState(Run, out ended) || !HasEnded(ended))
                return;
        }

        await following.CancelAsync();
        await copying;
        // Also while the AppHost stops: the last lines say how to resume.
        await WriteRestAsync(ended.ResourceId);
        await EndAsync(ended.Snapshot);
        if (command.Exit)
            lifetime.StopApplication();
    }

    private async Task EndAsync(CustomResourceSnapshot run)
    {
        supervision.RunWasKilled = WasKilled(run);
        // A stop signal that came before the process handled signals has killed it.
        if ((run.ExitCode is null || supervision.RunWasKilled) && lifetime.ApplicationStopping.IsCancellationRequested)
            return;
        supervision.ExitCode ??= run.ExitCode is 0 or PipelineApplication.Interrupted ? run.ExitCode : PipelineApplication.Failure;
        if (supervision.RunWasKilled)
        {
            await Console.Error.WriteLineAsync(
                $"error: the process that follows the run was killed{(command.Exit ? "" : "; the run goes on: `pipeline runs` shows it")}");
        }
        else if (run.ExitCode is null)
        {
            var culprit = model.Resources.Any(resource => resource.Name == Sample) ? Sample : Run;
            await Console.Error.WriteLineAsync(
                $"error: the run was not started ({run.State?.Text}); {LogOf(culprit)} says why");
        }
        else if (run.ExitCode == 0 && !command.Exit)
        {
            await Console.Out.WriteLineAsync($"The pipeline stays up until Ctrl-C. Its page: {PageLink()}");
        }
    }

    private string PageLink() =>
        model.Resources.OfType<ProjectResource>().First(resource => resource.Name == "orchestrator").GetEndpoint("http").Url + pipeline.PageLink;

    private async Task CopyAsync(CancellationToken cancellationToken)
    {
        try
        {
            var started = await notifications.WaitForResourceAsync(
                Run, change => change.Snapshot.State?.Text == KnownResourceStates.Running, cancellationToken);
            await foreach (var lines in logs.WatchAsync(started.ResourceId).WithCancellation(cancellationToken))
                Write(_output.Take(lines));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The run has ended; what was not copied yet is read from its whole log.
        }
    }

    private async Task WriteRestAsync(string id)
    {
        var (lines, failure) = await logs.ReadAllAsync(id, CancellationToken.None);
        Write(_output.Rest(lines));
        if (failure is not null)
            await Console.Error.WriteLineAsync($"warning: what the run wrote could not be read whole ({failure}); it is in {LogOf(Run)}");
    }

    private string LogOf(string resource) => Path.Combine(pipeline.Directories.Logs, $"{resource}.log");

    private void Write(IEnumerable<LogLine> lines)
    {
        foreach (var line in lines)
        {
            // Where there was no run yet, what was given up and has ended it is all there is to say.
            if (ConsoleLine.TryParse(line.Content, out var text, out _) && !(text == Interrupted && supervision.ExitCode == PipelineApplication.Failure))
                (line.IsErrorMessage ? Console.Error : Console.Out).WriteLine(text);
        }
    }
}

/// <summary>
/// Puts the lines of the run in the order in which it wrote them, each once. Aspire follows standard output and standard error apart, and
/// tells lines of both in any order: progress is passed on as it comes, the report and the errors after it when all lines are there.
/// </summary>
internal sealed class RunOutput
{
    private readonly Dictionary<string, int> _written = [];

    /// <summary>What of the lines that have just come is to be written now.</summary>
    public IReadOnlyList<LogLine> Take(IEnumerable<LogLine> lines)
    {
        var progress = lines.Where(line => KindOf(line) == Kind.Progress).ToList();
        foreach (var line in progress)
            _written[line.Content] = _written.GetValueOrDefault(line.Content) + 1;
        return progress;
    }

    /// <summary>What is left to be written of all lines.</summary>
    public IReadOnlyList<LogLine> Rest(IEnumerable<LogLine> lines) =>
        [.. lines.Where(line => !WasWritten(line.Content)).OrderBy(line => KindOf(line))];

    private bool WasWritten(string line) => _written.ContainsKey(line) && _written[line]-- > 0;

    private static Kind KindOf(LogLine line) => !line.IsErrorMessage ? Kind.Report
        : ConsoleLine.TryParse(line.Content, out var text, out _) && text.StartsWith("error: ", StringComparison.Ordinal) ? Kind.Error
        : Kind.Progress;

    // In their order.
    private enum Kind
    {
        Progress,
        Report,
        Error,
    }
}
