using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Hosting;

namespace Pipeline.LocalHost.Orchestration;

/// <summary>Shows the processes' output on the console, each line behind the name of its resource.</summary>
internal sealed class ConsoleForwarder(DistributedApplicationModel model, InstanceNames names, ResourceLoggerService logs) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var instances = model.Resources
            .SelectMany(resource => names.Of(resource).Select((id, index) => (Id: id, Label: Label(resource, index))))
            .ToList();
        var width = instances.Select(instance => instance.Label.Length).DefaultIfEmpty().Max();
        return Task.WhenAll(instances.Select(instance => ForwardAsync(instance.Id, instance.Label.PadRight(width), stoppingToken)));
    }

    private string Label(IResource resource, int index) =>
        names.Of(resource).Count == 1 ? resource.Name : $"{resource.Name}/{index + 1}";

    private async Task ForwardAsync(string id, string label, CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var lines in logs.WatchAsync(id).WithCancellation(stoppingToken))
            {
                foreach (var line in lines)
                {
                    // The time stands before the first space.
                    var text = line.Content.AsMemory(line.Content.IndexOf(' ') + 1);
                    await (line.IsErrorMessage ? Console.Error : Console.Out).WriteLineAsync($"{label} | {text}");
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The AppHost stops.
        }
    }
}
