using System.Collections.Immutable;
using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Pipeline.LocalHost.Processes;

namespace Pipeline.LocalHost.Orchestration;

/// <summary>What instances share.</summary>
internal sealed record InstanceContext(
    ProcessHost Processes,
    InstanceCommand Command,
    InstanceNames Names,
    ResourceNotificationService Notifications,
    ResourceLoggerService Logs,
    HealthPoller Health,
    TimeProvider Time);

/// <summary>One replica of a resource: a process after the other, each from its waiting to its end.</summary>
internal sealed class Instance(IResource resource, string id, InstancePorts ports, InstanceContext context)
{
    private readonly Lock _lock = new();
    private readonly ILogger _log = context.Logs.GetLogger(id);
    private Task _life = Task.CompletedTask;
    private CancellationTokenSource _stop = new();
    private bool _closed;

    public string Id => id;

    /// <summary>Begins to start a process, after the present one has ended if it is being stopped; nothing where one runs.</summary>
    public void Start()
    {
        lock (_lock)
        {
            if (_closed || (!_life.IsCompleted && !_stop.IsCancellationRequested))
                return;
            _stop = new CancellationTokenSource();
            _life = LiveAsync(_life, _stop.Token);
        }
    }

    /// <summary>Stops the process and what it started.</summary>
    /// <param name="cancellationToken">Waits no longer; the stop goes on.</param>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        Task life;
        lock (_lock)
        {
            _stop.Cancel();
            life = _life;
        }

        await life.WaitAsync(cancellationToken);
    }

    /// <summary>Stops the process, and begins to start another.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task RestartAsync(CancellationToken cancellationToken)
    {
        await StopAsync(cancellationToken);
        Start();
    }

    /// <summary>Stops for good.</summary>
    public Task CloseAsync()
    {
        lock (_lock)
            _closed = true;
        return StopAsync(CancellationToken.None);
    }

    private async Task LiveAsync(Task previous, CancellationToken stop)
    {
        await previous;
        try
        {
            await WaitForDependenciesAsync(stop);
            Publish(snapshot => snapshot with { State = KnownResourceStates.Starting, ExitCode = null, StopTimeStamp = null });
            ports.Check(resource);
            var (start, environment) = await context.Command.BuildAsync(resource, id, ports, stop);
            var log = context.Logs.LogOf(id);
            var child = await ChildProcess.StartAsync(context.Processes, start, log.Add, context.Time);
            await RunAsync(child, environment, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            Publish(snapshot => snapshot with { State = KnownResourceStates.Finished, StopTimeStamp = Now() });
        }
        catch (Exception exception)
        {
            _log.LogFailedStart(exception.Message);
            Publish(snapshot => snapshot with { State = KnownResourceStates.FailedToStart, StopTimeStamp = Now() });
        }
    }

    private async Task RunAsync(ChildProcess child, IReadOnlyDictionary<string, string> environment, CancellationToken stop)
    {
        var checks = resource.Annotations.OfType<HttpHealthCheckAnnotation>().ToList();
        Publish(snapshot => snapshot with
        {
            State = KnownResourceStates.Running,
            StartTimeStamp = Now(),
            Properties = [new ResourcePropertySnapshot("executable.pid", child.Id)],
            EnvironmentVariables = [.. environment.Select(pair => new EnvironmentVariableSnapshot(pair.Key, pair.Value, true))],
            Urls = [.. ports.All.Select(pair => new UrlSnapshot(pair.Key.Name, Url(pair.Key, pair.Value), false))],
            HealthReports = [.. checks.Select(check => new HealthReportSnapshot(check.Path, null, null, null))],
        });

        using var ended = new CancellationTokenSource();
        var polling = checks.Select(check => PollAsync(check, ended.Token)).ToList();
        using (stop.UnsafeRegister(_ => _ = StopChildAsync(child), null))
        {
            var exitCode = await child.Exit;
            await ended.CancelAsync();
            await Task.WhenAll(polling);
            Publish(snapshot => snapshot with { State = KnownResourceStates.Finished, ExitCode = exitCode, StopTimeStamp = Now() });
        }
    }

    private Task StopChildAsync(ChildProcess child)
    {
        Publish(snapshot => snapshot with { State = KnownResourceStates.Stopping });
        return child.StopAsync();
    }

    private Task PollAsync(HttpHealthCheckAnnotation check, CancellationToken ended)
    {
        var endpoint = ports.All.First(pair => pair.Key.Name == check.EndpointName);
        var url = new Uri(new Uri(Url(endpoint.Key, endpoint.Value)), check.Path);
        return context.Health.PollAsync(url, check.StatusCode, Report, ended);

        void Report(HealthStatus status, string? description) => Publish(snapshot => snapshot with
        {
            HealthReports = snapshot.HealthReports
                .Select(report => report.Name == check.Path ? report with { Status = status, Description = description } : report)
                .ToImmutableArray(),
        });
    }

    private async Task WaitForDependenciesAsync(CancellationToken stop)
    {
        var waits = resource.Annotations.OfType<WaitAnnotation>().ToList();
        if (waits.Count == 0)
            return;

        Publish(snapshot => snapshot with { State = KnownResourceStates.Waiting, ExitCode = null, StopTimeStamp = null });
        await Task.WhenAll(waits.SelectMany(wait => context.Names.Of(wait.Resource).Select(other => WaitForAsync(wait, other, stop))));
    }

    private async Task WaitForAsync(WaitAnnotation wait, string other, CancellationToken stop)
    {
        var behavior = wait.WaitBehavior ?? context.Notifications.DefaultWaitBehavior;
        var found = await context.Notifications.WaitForResourceAsync(
            wait.Resource.Name,
            change => change.ResourceId == other && ResourceNotificationService.IsHealthyOrGone(change, behavior),
            stop);
        if (found.Snapshot.HealthStatus != HealthStatus.Healthy)
            throw new DistributedApplicationException($"Dependency resource '{other}' failed to start.");
    }

    private static string Url(EndpointAnnotation endpoint, int port) =>
        string.Create(CultureInfo.InvariantCulture, $"{endpoint.UriScheme}://{endpoint.TargetHost}:{port}");

    private DateTime Now() => context.Time.GetUtcNow().UtcDateTime;

    private void Publish(Func<CustomResourceSnapshot, CustomResourceSnapshot> change) =>
        context.Notifications.PublishUpdateAsync(resource, id, snapshot => change(snapshot) with
        {
            ResourceType = resource is ProjectResource ? "Project" : "Executable",
            CreationTimeStamp = snapshot.CreationTimeStamp ?? Now(),
        });
}
