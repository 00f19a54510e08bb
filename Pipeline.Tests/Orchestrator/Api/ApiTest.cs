using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using Pipeline.Client.Runs;
using Pipeline.Tests.Orchestrator.Fakes;

namespace Pipeline.Tests.Orchestrator.Api;

/// <summary>An orchestrator to be called over HTTP.</summary>
public abstract class ApiTest : IAsyncLifetime
{
    private protected ServedOrchestrator Served { get; private set; } = null!;

    /// <summary>A file that a run may read.</summary>
    private protected string Input => Path.Combine(Served.Folder, "in.ndjson");

    public async Task InitializeAsync()
    {
        Served = await ServedOrchestrator.StartAsync();
        await File.WriteAllTextAsync(Input, "");
    }

    public async Task DisposeAsync() => await Served.DisposeAsync();

    private protected static JsonElement Json(ReadOnlySpan<byte> bytes)
    {
        var reader = new Utf8JsonReader(bytes);
        return JsonElement.ParseValue(ref reader);
    }

    private protected static string Body(string input, string? output = null, string more = "") =>
        $$"""{"input":{{Text(input)}}{{(output is null ? "" : $",\"output\":{Text(output)}")}}{{more}}}""";

    private protected static async Task<JsonElement> ProblemAsync(HttpResponseMessage response, HttpStatusCode status)
    {
        Assert.Equal(status, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal((int)status, problem.GetProperty("status").GetInt32());
        return problem;
    }

    private protected static async Task<string> IdOfAsync(HttpResponseMessage response) =>
        (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;

    private protected string InFolder(string name) => Path.Combine(Served.Folder, name);

    private protected string FolderOf(string id) => Path.Combine(Served.Folder, "data", "runs", id);

    /// <summary>Starts a run.</summary>
    /// <returns>Its id.</returns>
    private protected async Task<string> StartAsync(string body) => await IdOfAsync(await PostAsync(body));

    private protected Task<HttpResponseMessage> ActAsync(string id, string action) => Served.Client.PostAsync($"/runs/{id}/{action}", null);

    /// <summary>Starts another orchestrator, for which a run is as its death would have left it.</summary>
    private protected async Task<ServedOrchestrator> DieAsync(string id, Func<Run, Run>? change = null)
    {
        var left = RunStateFile.Read(FolderOf(id))!;
        await Served.StopAsync();
        await File.WriteAllBytesAsync(
            RunStateFile.PathIn(FolderOf(id)), JsonSerializer.SerializeToUtf8Bytes(change?.Invoke(left) ?? left, RunJson.Default.Run));
        return await ServedOrchestrator.StartAsync(Served.Folder);
    }

    private protected Task<HttpResponseMessage> PostAsync(string body, string path = "/runs") =>
        Served.Client.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"));

    private protected async IAsyncEnumerable<SseItem<JsonElement>> EventsAsync(string id)
    {
        using var response = await Served.Client.GetAsync($"/runs/{id}/events", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        await foreach (var item in SseParser.Create(await response.Content.ReadAsStreamAsync(), (_, bytes) => Json(bytes)).EnumerateAsync())
            yield return item;
    }

    /// <summary>Name of the last event.</summary>
    private protected async Task<string> EndAsync(string id) => (await EventsAsync(id).LastAsync()).EventType;

    private static string Text(string path) => JsonSerializer.Serialize(Systems.Absolute(path));
}
