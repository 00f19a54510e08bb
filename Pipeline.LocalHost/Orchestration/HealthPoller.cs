using System.Globalization;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Pipeline.LocalHost.Orchestration;

/// <summary>Asks processes for their health over HTTP/1.1.</summary>
internal sealed class HealthPoller(TimeProvider time) : IDisposable
{
    private static readonly TimeSpan WhileUnhealthy = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan WhileHealthy = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    private readonly HttpClient _client = new() { Timeout = Timeout };

    /// <summary>Asks until it is told to end.</summary>
    /// <param name="url">Whom.</param>
    /// <param name="expected">The healthy answer's status.</param>
    /// <param name="report">Is told each change, with more about it.</param>
    /// <param name="ended">Ends it; no error.</param>
    public async Task PollAsync(Uri url, int expected, Action<HealthStatus, string?> report, CancellationToken ended)
    {
        HealthStatus? last = null;
        while (!ended.IsCancellationRequested)
        {
            var (status, description) = await AskAsync(url, expected, ended);
            if (ended.IsCancellationRequested)
                return;
            if (status != last)
                report(status, description);
            last = status;
            await Task.Delay(status == HealthStatus.Healthy ? WhileHealthy : WhileUnhealthy, time, ended)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task<(HealthStatus Status, string? Description)> AskAsync(Uri url, int expected, CancellationToken ended)
    {
        try
        {
            using var response = await _client.GetAsync(url, ended);
            return (int)response.StatusCode == expected
                ? (HealthStatus.Healthy, null)
                : (HealthStatus.Unhealthy, string.Create(CultureInfo.InvariantCulture, $"{url} answers {(int)response.StatusCode}"));
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
        {
            return (HealthStatus.Unhealthy, exception.Message);
        }
    }
}
