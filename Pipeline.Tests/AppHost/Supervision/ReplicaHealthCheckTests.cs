using System.Net;
using System.Net.Sockets;
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
    public async Task CheckHealth_ConnectionResetJustAfterItWasMade_IsUnhealthy()
    {
        var result = await CheckAsync(url => url.Host == First.Host ? throw new SocketException((int)SocketError.NotConnected) : HttpStatusCode.OK);

        Assert.Equal(HealthStatus.Unhealthy, result.Status);
        Assert.StartsWith("http://first/: ", result.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CheckHealth_OneOfTwoDoesNotRun_IsUnhealthy()
    {
        var result = await CheckAsync(_ => HttpStatusCode.OK, [First]);

        Assert.Equal((HealthStatus.Unhealthy, "1 of 2 replicas run"), (result.Status, result.Description));
    }

    [Fact]
    public async Task CheckHealth_FirstDoesNotAnswer_AsksTheSecondMeanwhile()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var result = await CheckAsync(async url =>
        {
            if (url.Host == First.Host)
                await asked.Task;
            asked.TrySetResult();
            return HttpStatusCode.OK;
        }).WaitAsync(Waiting.Limit);

        Assert.Equal(HealthStatus.Healthy, result.Status);
    }

    private static Task<HealthCheckResult> CheckAsync(Func<Uri, HttpStatusCode> answer, params Uri[] running) =>
        CheckAsync(url => Task.FromResult(answer(url)), running);

    private static async Task<HealthCheckResult> CheckAsync(Func<Uri, Task<HttpStatusCode>> answer, params Uri[] running)
    {
        using var client = new HttpClient(new Answering(async (request, _) => new HttpResponseMessage(await answer(request.RequestUri!))));
        var check = new ReplicaHealthCheck(2, () => running is [] ? [First, Second] : running, client);
        return await check.CheckHealthAsync(new HealthCheckContext());
    }
}
