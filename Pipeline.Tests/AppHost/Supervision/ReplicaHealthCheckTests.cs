using System.Net;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Pipeline.AppHost.Supervision;

namespace Pipeline.Tests.AppHost.Supervision;

public class ReplicaHealthCheckTests
{
    private static readonly Uri First = new("http://first");
    private static readonly Uri Second = new("http://second");

    [Fact]
    public async Task CheckHealth_EveryReplicaWell_IsHealthy() =>
        Assert.Equal(HealthStatus.Healthy, (await CheckAsync(_ => HttpStatusCode.OK)).Status);

    [Fact]
    public async Task CheckHealth_OneOfTwoUnwell_IsUnhealthyAndNamesIt()
    {
        var result = await CheckAsync(url => url.Host == Second.Host ? HttpStatusCode.ServiceUnavailable : HttpStatusCode.OK);

        Assert.Equal((HealthStatus.Unhealthy, "http://second/ answers 503"), (result.Status, result.Description));
    }

    [Fact]
    public async Task CheckHealth_ReplicaUnreachable_IsUnhealthyAndTellsWhy()
    {
        var result = await CheckAsync(url => url.Host == First.Host ? throw new HttpRequestException("refused") : HttpStatusCode.OK);

        Assert.Equal((HealthStatus.Unhealthy, "http://first/: refused"), (result.Status, result.Description));
    }

    [Fact]
    public async Task CheckHealth_NoReplicaRuns_IsUnhealthy() =>
        Assert.Equal(HealthStatus.Unhealthy, (await CheckAsync(_ => HttpStatusCode.OK, [])).Status);

    private static Task<HealthCheckResult> CheckAsync(Func<Uri, HttpStatusCode> answer) => CheckAsync(answer, [First, Second]);

    private static async Task<HealthCheckResult> CheckAsync(Func<Uri, HttpStatusCode> answer, Uri[] replicas)
    {
        using var client = new HttpClient(new Answers(answer));
        return await new ReplicaHealthCheck(() => replicas, client).CheckHealthAsync(new HealthCheckContext());
    }

    private sealed class Answers(Func<Uri, HttpStatusCode> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage(answer(request.RequestUri!)));
    }
}
