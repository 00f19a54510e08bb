using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.AppHost.Runs;

/// <summary>Speaks with the orchestrator; docs/http-api.md.</summary>
internal sealed class OrchestratorClient : IDisposable
{
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(30);

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private readonly HttpClient _client;

    public OrchestratorClient(string address, string key)
    {
        _client = new HttpClient { BaseAddress = new Uri(address), Timeout = Timeout.InfiniteTimeSpan };
        _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    /// <summary>Starts a run.</summary>
    /// <exception cref="PipelineException">It was refused.</exception>
    /// <exception cref="HttpRequestException">There was no answer.</exception>
    public Task<RunView> StartAsync(RunRequest request, CancellationToken cancellationToken) =>
        CallAsync(HttpMethod.Post, "runs", JsonContent.Create(request, options: Json), cancellationToken);

    public Task<RunView> GetAsync(string run, CancellationToken cancellationToken) =>
        CallAsync(HttpMethod.Get, $"runs/{run}", null, cancellationToken);

    /// <summary>Drains a run to a checkpoint.</summary>
    /// <exception cref="PipelineException">It is at rest.</exception>
    /// <exception cref="HttpRequestException">There was no answer.</exception>
    public Task<RunView> PauseAsync(string run, CancellationToken cancellationToken) =>
        CallAsync(HttpMethod.Post, $"runs/{run}/pause", null, cancellationToken);

    public Task<RunView> ResumeAsync(string run, CancellationToken cancellationToken) =>
        CallAsync(HttpMethod.Post, $"runs/{run}/resume", null, cancellationToken);

    /// <summary>Follows a run to its end, or until the orchestrator is gone.</summary>
    public async IAsyncEnumerable<RunView> FollowAsync(string run, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var response = await _client.GetAsync(
            new Uri($"runs/{run}/events", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        response.EnsureSuccessStatusCode();
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        await foreach (var item in SseParser.Create(stream).EnumerateAsync(cancellationToken))
        {
            if (JsonSerializer.Deserialize<RunView>(item.Data, Json) is { } view)
                yield return view;
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task<RunView> CallAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(CallTimeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        using var request = new HttpRequestMessage(method, path) { Content = content };
        try
        {
            using var response = await _client.SendAsync(request, either.Token);
            if (response.IsSuccessStatusCode)
                return (await response.Content.ReadFromJsonAsync<RunView>(Json, either.Token))!;

            throw new PipelineException(await ReasonAsync(response, either.Token));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HttpRequestException($"the orchestrator did not answer within {CallTimeout.TotalSeconds} s");
        }
    }

    private static async Task<string> ReasonAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        try
        {
            if (JsonSerializer.Deserialize<ProblemView>(text, Json) is { } problem && (problem.Detail ?? problem.Title) is { } reason)
                return reason;
        }
        catch (JsonException)
        {
            // Not from the orchestrator itself.
        }

        return $"the orchestrator answers {(int)response.StatusCode} {response.ReasonPhrase}";
    }
}
