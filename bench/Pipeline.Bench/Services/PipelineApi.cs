using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Pipeline.Bench.Cli;

namespace Pipeline.Bench.Services;

/// <summary>The orchestrator's HTTP API.</summary>
internal sealed class PipelineApi : IDisposable
{
    private static readonly string[] Ends = ["completed", "failed", "cancelled", "paused", "interrupted"];

    private readonly HttpClient _http;

    public PipelineApi(Uri address, string key)
    {
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    /// <summary>Waits until all <paramref name="roles"/> are registered, and the orchestrator is healthy.</summary>
    public async Task WaitForAsync(IReadOnlyCollection<string> roles, CancellationToken cancellationToken)
    {
        await foreach (var item in EventsAsync("/topology/events", ApiJson.Default.ApiTopology, cancellationToken))
        {
            var live = item.Data.Instances.Where(instance => instance.State == "live").Select(instance => instance.Role);
            if (item.Data.Connected && !roles.Except(live).Any())
                break;
        }

        using var health = await _http.GetAsync("/health", cancellationToken);
        if (!health.IsSuccessStatusCode)
            throw new BenchException($"the orchestrator's /health answers {(int)health.StatusCode}");
    }

    /// <summary>Makes a run and waits for its end.</summary>
    /// <exception cref="BenchException">It did not complete at the first attempt.</exception>
    public async Task<ApiRun> RunAsync(NewRun settings, CancellationToken cancellationToken)
    {
        var run = await MakeAsync(settings, cancellationToken);
        await foreach (var item in EventsAsync($"/runs/{run.Id}/events", ApiJson.Default.ApiRun, cancellationToken))
        {
            if (Ends.Contains(item.EventType))
                break;
        }

        run = await _http.GetFromJsonAsync($"/runs/{run.Id}", ApiJson.Default.ApiRun, cancellationToken)
            ?? throw new BenchException("the orchestrator answered null for a run");
        if (run.State != "completed")
            throw new BenchException($"run {run.Id} is {run.State}: {run.Error?.Message}");
        if (run.Attempts != 1)
            throw new BenchException($"run {run.Id} took {run.Attempts} attempts ({run.Error?.Message}): its figures say nothing");
        return run;
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task<ApiRun> MakeAsync(NewRun settings, CancellationToken cancellationToken)
    {
        using var answer = await _http.PostAsJsonAsync("/runs", settings, ApiJson.Default.NewRun, cancellationToken);
        if (!answer.IsSuccessStatusCode)
        {
            var text = await answer.Content.ReadAsStringAsync(cancellationToken);
            throw new BenchException($"POST /runs answers {(int)answer.StatusCode}: {DetailOf(text) ?? text}");
        }

        return await answer.Content.ReadFromJsonAsync(ApiJson.Default.ApiRun, cancellationToken)
            ?? throw new BenchException("the orchestrator answered null for a new run");
    }

    private static string? DetailOf(string text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, ApiJson.Default.ApiProblem)?.Detail;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private async IAsyncEnumerable<SseItem<T>> EventsAsync<T>(
        string path, JsonTypeInfo<T> type, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var answer = await _http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        answer.EnsureSuccessStatusCode();
        await using var stream = await answer.Content.ReadAsStreamAsync(cancellationToken);
        var parser = SseParser.Create(stream, (_, bytes) => JsonSerializer.Deserialize(bytes, type)!);
        await foreach (var item in parser.EnumerateAsync(cancellationToken))
            yield return item;
    }
}
