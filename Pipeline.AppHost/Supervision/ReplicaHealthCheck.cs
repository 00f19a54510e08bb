using System.Net;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Pipeline.Client.Channels;
using Pipeline.ServiceDefaults;

namespace Pipeline.AppHost.Supervision;

/// <summary>
/// A resource is healthy when all its replicas run and each says so at its own address. Aspire's own check asks one replica, through a
/// proxy: a second that is unwell or dead goes unseen.
/// </summary>
/// <param name="replicas">How many shall run.</param>
/// <param name="addresses">Of the replicas that run.</param>
/// <param name="client">Asks.</param>
internal sealed class ReplicaHealthCheck(int replicas, Func<IEnumerable<Uri>> addresses, HttpClient client) : IHealthCheck
{
    /// <summary>How long the replicas may take to answer.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var running = addresses().ToList();
        var faults = (await Task.WhenAll(running.Select(address => FaultOfAsync(address, cancellationToken)))).OfType<string>().ToList();
        if (running.Count < replicas)
            faults.Insert(0, $"{running.Count} of {replicas} replicas run");
        return faults.Count == 0 ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy(string.Join("; ", faults));
    }

    private async Task<string?> FaultOfAsync(Uri address, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await client.GetAsync(new Uri(address, HealthPaths.Health), HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return response.StatusCode == HttpStatusCode.OK ? null : $"{address} answers {(int)response.StatusCode}";
        }
        catch (Exception exception) when (HttpFailures.IsLostConnection(exception))
        {
            return $"{address}: {exception.Message}";
        }
    }
}

/// <summary>Asks processes at their own addresses, past Aspire's proxy, which picks a replica and takes connections for one that is gone.</summary>
internal sealed class ReplicaClient : HttpClient
{
    public ReplicaClient()
        : base(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) => Timeout = System.Threading.Timeout.InfiniteTimeSpan;
}
