using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Pipeline.AppHost;

/// <summary>Tells a stop that a failed background service has caused from Ctrl-C: the host logs the exception, and throws nothing.</summary>
internal sealed class BackgroundFailure
{
    private readonly TaskCompletionSource<Exception?> _cause = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public BackgroundFailure(IServiceProvider services) =>
        // Neither later, when services fail because of the stop, nor earlier: Aspire's services are not to be made before the model has its dashboard.
        services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(() => _cause.SetResult(
            services.GetServices<IHostedService>().OfType<BackgroundService>()
                .Select(service => service.ExecuteTask?.Exception?.InnerException).FirstOrDefault(exception => exception is not null)));

    /// <summary>Completes when the host is asked to stop: with what a background service has thrown until then, null where none has.</summary>
    public Task<Exception?> Cause => _cause.Task;
}
