using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace Pipeline.Tests.LocalHost;

/// <summary>A small application of real processes, without console output.</summary>
internal sealed class LocalApplication : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private LocalApplication(DistributedApplication application) => Application = application;

    public DistributedApplication Application { get; }

    public static async Task<LocalApplication> StartAsync(Action<IDistributedApplicationBuilder> describe, params string[] args)
    {
        var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions { Args = args, DisableDashboard = true });
        describe(builder);
        var application = builder.Build();
        await application.StartAsync();
        return new LocalApplication(application);
    }

    public async Task<ResourceEvent> WaitForAsync(string resource, Func<ResourceEvent, bool> condition)
    {
        using var timeout = new CancellationTokenSource(Patience);
        return await Application.ResourceNotifications.WaitForResourceAsync(resource, condition, timeout.Token);
    }

    public Task<ResourceEvent> WaitForAsync(string resource, string state) =>
        WaitForAsync(resource, change => change.Snapshot.State?.Text == state);

    /// <summary>The first lines of an instance's output, without their times.</summary>
    public async Task<IReadOnlyList<string>> LinesAsync(string id, int count)
    {
        using var timeout = new CancellationTokenSource(Patience);
        List<string> lines = [];
        var logs = (ResourceLoggerService)Application.Services.GetService(typeof(ResourceLoggerService))!;
        await foreach (var batch in logs.WatchAsync(id).WithCancellation(timeout.Token))
        {
            lines.AddRange(batch.Select(line => line.Content[(line.Content.IndexOf(' ') + 1)..]));
            if (lines.Count >= count)
                break;
        }

        return lines;
    }

    public async ValueTask DisposeAsync()
    {
        await Application.StopAsync();
        await Application.DisposeAsync();
    }
}
