using Microsoft.Extensions.Hosting;
using Pipeline.AppHost.Configuration;
using Pipeline.Client.Runs;

namespace Pipeline.AppHost.Runs;

/// <summary>
/// Says on the console where commands in another terminal will not find this pipeline: the orchestrator's log is not in sight there.
/// </summary>
internal sealed class EndpointNotice(
    DistributedApplicationModel model, PipelineSettings settings, ResourceNotificationService notifications, TimeProvider time) : BackgroundService
{
    private const string Orchestrator = "orchestrator";

    /// <summary>How long the file may take, once the orchestrator is healthy.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await notifications.WaitForResourceHealthyAsync(Orchestrator, stoppingToken);
            var port = model.Resources.OfType<ProjectResource>().Single(resource => resource.Name == Orchestrator).GetEndpoint("http").Port;
            var since = time.GetTimestamp();
            while (WhyNotFound(port) is { } reason)
            {
                if (time.GetElapsedTime(since) > Patience)
                {
                    await Console.Error.WriteLineAsync($"warning: commands in another terminal will not find this pipeline: {reason}");
                    return;
                }

                await Task.Delay(Interval, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The AppHost stops.
        }
        catch (DistributedApplicationException)
        {
            // It failed to start: its supervisor says why.
        }
    }

    private string? WhyNotFound(int port)
    {
        try
        {
            var path = EndpointFile.PathIn(Variable);
            if (EndpointFile.WhyTaken(path) is { } taken)
                return EndpointFile.Read(path) is { } other && new Uri(other.Address).Port == port ? null : taken;
            return $"{path} was not written; the log of the orchestrator says why";
        }
        catch (InvalidDataException exception)
        {
            return exception.Message;
        }
    }

    // As the orchestrator has it.
    private string? Variable(string name) => settings.Service(Orchestrator).Environment.GetValueOrDefault(name)
        ?? settings.Options.Environment.GetValueOrDefault(name) ?? Environment.GetEnvironmentVariable(name);
}
