using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Runtime.Versioning;
using System.Text;
using System.Text.Json;
using Pipeline.Tests.Orchestrator.Fakes;

namespace Pipeline.Tests.Orchestrator.Api;

/// <summary>What all calls have in common: the key, the description, unknown paths; and the topology.</summary>
public sealed class HttpApiTests : ApiTest
{
    [Theory]
    [InlineData("GET", "/runs")]
    [InlineData("POST", "/runs")]
    [InlineData("GET", "/runs/x")]
    [InlineData("GET", "/runs/x/events")]
    [InlineData("POST", "/runs/x/cancel")]
    [InlineData("POST", "/runs/x/pause")]
    [InlineData("POST", "/runs/x/resume")]
    [InlineData("GET", "/topology")]
    [InlineData("GET", "/topology/events")]
    [InlineData("POST", "/topology/rules/stop")]
    [InlineData("POST", "/topology/rules/replace")]
    [InlineData("GET", "/no-such-page")]
    public async Task Request_WithoutTheKey_IsUnauthorized(string method, string path)
    {
        using var client = new HttpClient { BaseAddress = Served.Client.BaseAddress };
        foreach (var header in new[] { null, new AuthenticationHeaderValue("Bearer", "wrong"), new AuthenticationHeaderValue("Basic", ServedOrchestrator.Key) })
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), path) { Headers = { Authorization = header } };
            using var response = await client.SendAsync(request);
            await ProblemAsync(response, HttpStatusCode.Unauthorized);
        }
    }

    [Theory]
    [InlineData("/alive")]
    [InlineData("/health")]
    [InlineData("/openapi/v1.json")]
    public async Task Get_HealthOrOpenApiWithoutTheKey_IsAnswered(string path)
    {
        using var client = new HttpClient { BaseAddress = Served.Client.BaseAddress };
        using var response = await client.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task OpenApi_Document_NamesEveryCall()
    {
        using var document = JsonDocument.Parse(await Served.Client.GetStringAsync("/openapi/v1.json"));
        var calls = document.RootElement.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(method => $"{method.Name} {path.Name.TrimEnd('/')}"));
        string[] expected =
        [
            "delete /runs/{id}", "get /runs", "get /runs/{id}", "get /runs/{id}/events", "get /topology", "get /topology/events",
            "post /runs", "post /runs/{id}/cancel", "post /runs/{id}/pause", "post /runs/{id}/resume",
            "post /topology/{name}/stop", "post /topology/{role}/replace",
        ];
        Assert.Equal(expected, calls.Order(StringComparer.Ordinal));
        var batchSize = document.RootElement.GetProperty("components").GetProperty("schemas").GetProperty("RunSettings").GetProperty("properties").GetProperty("batchSize");
        Assert.Equal("integer", batchSize.GetProperty("type").GetString());
        Assert.Equal("""[{"bearer":[]}]""", document.RootElement.GetProperty("security").GetRawText().Replace("\n", "").Replace(" ", ""));
    }

    [Theory]
    [InlineData("get", "/runs", "200 400 401")]
    [InlineData("post", "/runs", "200 201 204 400 401 409 413 415 503")]
    [InlineData("get", "/runs/{id}", "200 400 401 404")]
    [InlineData("get", "/runs/{id}/events", "200 400 401 404")]
    [InlineData("post", "/runs/{id}/pause", "202 400 401 404 409 503")]
    [InlineData("post", "/runs/{id}/cancel", "202 400 401 404 409 503")]
    [InlineData("post", "/runs/{id}/resume", "202 400 401 404 409 503")]
    [InlineData("get", "/topology", "200 400 401")]
    [InlineData("get", "/topology/events", "200 400 401")]
    [InlineData("post", "/topology/{name}/stop", "200 400 401 404 409 503")]
    [InlineData("post", "/topology/{role}/replace", "200 400 401 404 409 503")]
    public async Task OpenApi_EveryCall_NamesTheStatusesThatItAnswers(string method, string path, string statuses)
    {
        using var document = JsonDocument.Parse(await Served.Client.GetStringAsync("/openapi/v1.json"));
        var paths = document.RootElement.GetProperty("paths").EnumerateObject();
        var call = paths.Single(entry => entry.Name.TrimEnd('/') == path).Value.GetProperty(method);
        var responses = call.GetProperty("responses").EnumerateObject().ToDictionary(response => response.Name, response => response.Value);
        Assert.Equal(statuses.Split(' '), responses.Keys.Order(StringComparer.Ordinal));
        Assert.All(responses.Where(response => response.Key[0] is '4' or '5'), response =>
            Assert.True(response.Value.GetProperty("content").TryGetProperty("application/problem+json", out _), response.Key));
    }

    [Theory]
    [InlineData("GET", "/nothing", HttpStatusCode.NotFound)]
    [InlineData("GET", "/runs/none", HttpStatusCode.NotFound)]
    [InlineData("GET", "/runs/none/events", HttpStatusCode.NotFound)]
    [InlineData("POST", "/runs/none/pause", HttpStatusCode.NotFound)]
    [InlineData("DELETE", "/runs", HttpStatusCode.MethodNotAllowed)]
    [InlineData("DELETE", "/runs/none", HttpStatusCode.NotFound)]
    [InlineData("PUT", "/runs/none", HttpStatusCode.MethodNotAllowed)]
    [InlineData("PUT", "/runs/none/pause", HttpStatusCode.MethodNotAllowed)]
    [InlineData("PUT", "/topology", HttpStatusCode.MethodNotAllowed)]
    [InlineData("POST", "/runs?dryRunn=true", HttpStatusCode.BadRequest)]
    [InlineData("GET", "/topology?rule=parse", HttpStatusCode.BadRequest)]
    [InlineData("POST", "/topology/rules/replace?role=parse", HttpStatusCode.BadRequest)]
    [InlineData("POST", "/runs", HttpStatusCode.UnsupportedMediaType)]
    public async Task Request_UnknownRunPathMethodOrMediaType_IsRefusedWithAReason(string method, string path, HttpStatusCode status)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        var type = status == HttpStatusCode.UnsupportedMediaType ? "text/plain" : "application/json";
        request.Content = method == "POST" ? new StringContent("{}", Encoding.UTF8, type) : null;
        using var response = await Served.Client.SendAsync(request);
        var problem = await ProblemAsync(response, status);
        var detail = problem.GetProperty("detail").GetString()!;
        Assert.NotEmpty(detail);
        Assert.Equal(path.Contains('?'), detail.Contains("is no parameter of this call", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Topology_BrokerAway_GivesTheLastKnownInstances()
    {
        var topology = await Served.Client.GetFromJsonAsync<JsonElement>("/topology");
        Assert.False(topology.GetProperty("connected").GetBoolean());
        var first = topology.GetProperty("instances")[0];
        Assert.Equal(("ingest-0", "ingest", "live"), (
            first.GetProperty("instanceId").GetString(), first.GetProperty("role").GetString(), first.GetProperty("state").GetString()));

        var parse = (await Served.Client.GetFromJsonAsync<JsonElement>("/topology?role=parse")).GetProperty("instances");
        Assert.Equal("parse-0", Assert.Single(parse.EnumerateArray()).GetProperty("instanceId").GetString());
    }

    [Fact]
    public async Task TopologyEvents_InstanceRegisters_SendsTheTopologyAgain()
    {
        using var response = await Served.Client.GetAsync("/topology/events", HttpCompletionOption.ResponseHeadersRead);
        var events = SseParser.Create(await response.Content.ReadAsStreamAsync(), (_, bytes) => Json(bytes)).EnumerateAsync().GetAsyncEnumerator();
        Assert.True(await events.MoveNextAsync());
        Assert.Equal(("topology", 5), (events.Current.EventType, events.Current.Data.GetProperty("instances").GetArrayLength()));
        Served.Registry.Register("parse-1", "parse");
        Assert.True(await events.MoveNextAsync());
        Assert.Equal(6, events.Current.Data.GetProperty("instances").GetArrayLength());
    }

    [UnixFact]
    [UnsupportedOSPlatform("windows")]
    public void EndpointFile_Started_IsReadableByThisUserOnly()
    {
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Served.EndpointPath));
        Assert.Equal((ServedOrchestrator.Key, Environment.ProcessId), (Served.Endpoint.Key, Served.Endpoint.Pid));
    }
}
