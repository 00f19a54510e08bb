using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.Tests.ServiceDefaults.Hosting;

public sealed class BackgroundFailureTests
{
    [Fact]
    public async Task Service_Fails_IsTheCauseOfTheStop()
    {
        using var host = HostOf(new Service(_ => Task.FromException(new IOException("no space left"))));
        var failure = new BackgroundFailure(host.Services);

        await host.RunAsync();

        Assert.Equal("no space left", Assert.IsType<IOException>(await failure.Cause).Message);
    }

    [Fact]
    public async Task Service_FailsAtTheStop_IsNotItsCause()
    {
        var running = new TaskCompletionSource();
        var service = new Service(async stopping =>
        {
            running.SetResult();
            await Task.Delay(Timeout.Infinite, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw new IOException("connection closed");
        });
        using var host = HostOf(service);
        var failure = new BackgroundFailure(host.Services);
        await host.StartAsync();
        await running.Task;

        await host.StopAsync();

        Assert.True(service.ExecuteTask!.IsFaulted);
        Assert.Null(await failure.Cause);
    }

    [Fact]
    public async Task Stop_ServicesAreDisposedAlready_CauseIsNotWaitedForInVain()
    {
        var host = HostOf(new Service(_ => Task.CompletedTask));
        var failure = new BackgroundFailure(host.Services);
        var lifetime = host.Services.GetRequiredService<IHostApplicationLifetime>();
        host.Dispose();

        lifetime.StopApplication();

        Assert.Null(await failure.Cause.WaitAsync(Waiting.Limit));
    }

    private static IHost HostOf(Service service)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddHostedService(_ => service);
        return builder.Build();
    }

    private sealed class Service(Func<CancellationToken, Task> run) : BackgroundService
    {
        protected override Task ExecuteAsync(CancellationToken stoppingToken) => run(stoppingToken);
    }
}
