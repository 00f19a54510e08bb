using System.Net;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Pipeline.ServiceDefaults;

namespace Pipeline.AppHost.Supervision;

/// <summary>
/// A resource is healthy when every replica of it that runs says so at its own address. Aspire's own check asks one replica, through a
/// proxy: a second that is unwell goes unseen.
/// </summary>
/// <param name="addresses">Of the replicas that run.</param>
/// <param name="client">Asks.</param>
internal sealed class ReplicaHealthCheck(Func<IEnumerable<Uri>> addresses, HttpClient client) : IHealthCheck
{
    /// <summary>How long the replicas may take to answer.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var running = addresses().ToList();
        foreach (var address in running)
        {
            try
            {
                using var response = await client.GetAsync(new Uri(address, HealthPaths.Health), HttpCompletionOption.ResponseHeadersRead, cancellationToken);
                if (response.StatusCode != HttpStatusCode.OK)
                    return HealthCheckResult.Unhealthy($"{address} answers {(int)response.StatusCode}");
            }
            catch (HttpRequestException exception)
            {
                return HealthCheckResult.Unhealthy($"{address}: {exception.Message}");
            }
        }

        return running.Count > 0 ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("no replica runs");
    }
}
