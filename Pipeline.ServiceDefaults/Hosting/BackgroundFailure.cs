using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Pipeline.ServiceDefaults.Hosting;

/// <summary>Tells a stop that a failed background service has caused from Ctrl-C: the host logs the exception, and throws nothing.</summary>
public sealed class BackgroundFailure
{
    private readonly TaskCompletionSource<Exception?> _cause = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Follows the background services of a host; before its start.</summary>
    /// <param name="services">The host's.</param>
    public BackgroundFailure(IServiceProvider services) =>
        // Looked up at the stop: later, services fail because of it; earlier, Aspire's would be constructed before its dashboard is in the model.
        services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(() =>
        {
            Exception? cause = null;
            try
            {
                cause = services.GetServices<IHostedService>().OfType<BackgroundService>()
                    .Select(service => service.ExecuteTask?.Exception?.InnerException).FirstOrDefault(exception => exception is not null);
            }
            finally
            {
                // Also where the services are disposed already, or one of them could not be made: somebody waits for it.
                _cause.SetResult(cause);
            }
        });

    /// <summary>Completes when the host is asked to stop: with what a background service has thrown until then, null where none has.</summary>
    public Task<Exception?> Cause => _cause.Task;
}
