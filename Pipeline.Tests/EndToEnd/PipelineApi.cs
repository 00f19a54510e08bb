using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Pipeline.Orchestrator.Api;
using Pipeline.Orchestrator.Runs;

namespace Pipeline.Tests.EndToEnd;

/// <summary>The orchestrator's HTTP API as docs/http-api.md has it.</summary>
internal sealed class PipelineApi : IDisposable
{
    /// <summary>For one call; the machine may be busy.</summary>
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(30);

    private readonly HttpClient _client;

    public PipelineApi(Uri address, string key)
    {
        _client = new HttpClient { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan };
        _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    /// <summary>Stores a run and starts it.</summary>
    /// <exception cref="HttpRequestException">It is refused, or nobody answers.</exception>
    public Task<Run> StartAsync(RunSettings settings) =>
        CallAsync(HttpMethod.Post, "runs", JsonContent.Create(settings, RunJson.Default.RunSettings), RunJson.Default.Run);

    /// <summary>All runs, newest first.</summary>
    public Task<IReadOnlyList<Run>> ListAsync() => CallAsync(HttpMethod.Get, "runs", null, RunJson.Default.IReadOnlyListRun);

    public Task<Run> GetAsync(string run) => CallAsync(HttpMethod.Get, $"runs/{run}", null, RunJson.Default.Run);

    public Task<Run> ResumeAsync(string run) => CallAsync(HttpMethod.Post, $"runs/{run}/resume", null, RunJson.Default.Run);

    public Task<Run> PauseAsync(string run) => CallAsync(HttpMethod.Post, $"runs/{run}/pause", null, RunJson.Default.Run);

    public Task<Topology> TopologyAsync() => CallAsync(HttpMethod.Get, "topology", null, TopologyJson.Default.Topology);

    /// <summary>The states of a run, until it rests or the orchestrator is gone.</summary>
    public IAsyncEnumerable<Run> FollowAsync(string run, CancellationToken cancellationToken) =>
        EventsAsync($"runs/{run}/events", RunJson.Default.Run, cancellationToken);

    /// <summary>Who is registered, again after every change.</summary>
    public IAsyncEnumerable<Topology> FollowTopologyAsync(CancellationToken cancellationToken) =>
        EventsAsync("topology/events", TopologyJson.Default.Topology, cancellationToken);

    public void Dispose() => _client.Dispose();

    private async Task<T> CallAsync<T>(HttpMethod method, string path, HttpContent? content, JsonTypeInfo<T> type)
    {
        using var timeout = new CancellationTokenSource(CallTimeout);
        using var request = new HttpRequestMessage(method, path) { Content = content };
        try
        {
            using var response = await _client.SendAsync(request, timeout.Token);
            if (!response.IsSuccessStatusCode)
            {
                var problem = await response.Content.ReadAsStringAsync(timeout.Token);
                throw new HttpRequestException($"{method} {path}: {(int)response.StatusCode} {problem}", null, response.StatusCode);
            }

            return (await response.Content.ReadFromJsonAsync(type, timeout.Token))!;
        }
        catch (OperationCanceledException)
        {
            // Aspire's proxy takes connections for a process that is down.
            throw new HttpRequestException($"{method} {path}: no answer within {CallTimeout}");
        }
    }

    // Aspire's proxy may hold a connection that was made while the orchestrator was down.
    private async Task<HttpResponseMessage> OpenAsync(string path, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(CallTimeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await _client.GetAsync(new Uri(path, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HttpRequestException($"GET {path}: no answer within {CallTimeout}");
        }
    }

    private async IAsyncEnumerable<T> EventsAsync<T>(
        string path, JsonTypeInfo<T> type, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var response = await OpenAsync(path, cancellationToken);
        response.EnsureSuccessStatusCode();
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        await foreach (var item in SseParser.Create(stream, (_, data) => JsonSerializer.Deserialize(data, type)!).EnumerateAsync(cancellationToken))
            yield return item.Data;
    }
}
