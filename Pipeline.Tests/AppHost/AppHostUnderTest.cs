using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Pipeline.Tests.AppHost;

/// <summary>The whole AppHost, on free ports, with a data directory and an endpoint file of its own; plain Aspire.Hosting.Testing.</summary>
internal sealed class AppHostUnderTest : IAsyncDisposable
{
    /// <summary>For everything but a start: generous, because the machine may be busy.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>The key that the pipeline shares.</summary>
    public const string Key = "key-of-the-tests";

    private readonly bool _keepsData;

    private AppHostUnderTest(DistributedApplication application, string directory, bool keepsData)
    {
        Application = application;
        Data = directory;
        _keepsData = keepsData;
    }

    public DistributedApplication Application { get; }

    /// <summary>The data directory; gone afterwards, unless it was given.</summary>
    public string Data { get; }

    /// <summary>Starts it.</summary>
    /// <param name="configuration">What overrides appsettings.json, as <c>--Section:Key=value</c>.</param>
    public static Task<AppHostUnderTest> StartAsync(params string[] configuration) => StartAsync(configuration, data: null);

    /// <summary>The same.</summary>
    /// <param name="configuration">What overrides appsettings.json.</param>
    /// <param name="data">A data directory that stays, so that another start can go on with it; null: one of its own.</param>
    /// <param name="beforeStart">Gets the application when nothing of it has begun.</param>
    /// <param name="dashboard">Whether it has Aspire's dashboard.</param>
    public static async Task<AppHostUnderTest> StartAsync(
        string[] configuration, string? data, Action<DistributedApplication>? beforeStart = null, bool dashboard = false)
    {
        var directory = data ?? Directory.CreateTempSubdirectory("pipeline").FullName;
        using var timeout = new CancellationTokenSource(Patience);
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Pipeline_AppHost>(
            [
                "--Pipeline:Demo=false",
                $"--Pipeline:Key={Key}",
                $"--Pipeline:Data={directory}",
                $"--Pipeline:Environment:PIPELINE_ENDPOINT_FILE={Path.Combine(directory, "endpoint.json")}",
                .. configuration,
            ],
            (options, _) => options.DisableDashboard = !dashboard,
            timeout.Token);
        var host = new AppHostUnderTest(await builder.BuildAsync(timeout.Token), directory, keepsData: data is not null);
        try
        {
            beforeStart?.Invoke(host.Application);
            await host.Application.StartAsync(timeout.Token);
            return host;
        }
        catch
        {
            // Else its processes stay beside all tests that follow.
            await host.DisposeAsync();
            throw;
        }
    }

    public Task<ResourceEvent> WaitForAsync(string resource, Func<ResourceEvent, bool> condition) =>
        WaitAsync(resource, token => Application.ResourceNotifications.WaitForResourceAsync(resource, condition, token));

    public Task<ResourceEvent> WaitForHealthyAsync(string resource) => WaitAsync(
        resource, token => Application.ResourceNotifications.WaitForResourceHealthyAsync(resource, WaitBehavior.WaitOnResourceUnavailable, token));

    /// <summary>The process of a service that is up, as Aspire knows it: on every system.</summary>
    public int ProcessOf(string service)
    {
        Assert.True(Application.ResourceNotifications.TryGetCurrentState(service, out var current));
        var id = current.Snapshot.Properties.Single(property => property.Name == "executable.pid").Value;
        return Convert.ToInt32(id, CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        await Application.StopAsync();
        await Application.DisposeAsync();
        if (!_keepsData)
            Directory.Delete(Data, recursive: true);
    }

    private async Task<ResourceEvent> WaitAsync(string resource, Func<CancellationToken, Task<ResourceEvent>> wait)
    {
        using var timeout = new CancellationTokenSource(Patience);
        try
        {
            return await wait(timeout.Token);
        }
        catch (OperationCanceledException exception) when (timeout.IsCancellationRequested)
        {
            throw new TimeoutException($"{resource} after {Patience}: {await DescribeAsync(resource)}", exception);
        }
    }

    private async Task<string> DescribeAsync(string resource)
    {
        if (!Application.ResourceNotifications.TryGetCurrentState(resource, out var current))
            return "Aspire has told no state";
        var (snapshot, lines) = (current.Snapshot, new List<string>());
        await foreach (var batch in Application.Services.GetRequiredService<ResourceLoggerService>().GetAllAsync(current.ResourceId))
            lines.AddRange(batch.Select(line => line.Content));
        var health = string.Join(", ", snapshot.HealthReports.Select(report => $"{report.Name} {report.Status} {report.ExceptionText}"));
        return $"{snapshot.State?.Text}, exit code {snapshot.ExitCode}, health: {health}\n{string.Join('\n', lines.TakeLast(20))}";
    }
}
