using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Pipeline.Orchestrator.Api;
using Pipeline.Orchestrator.Runs;
using Pipeline.Orchestrator.Service;
using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Security;

namespace Pipeline.Orchestrator.Cli;

/// <summary>The HTTP API as a client on the same machine calls it.</summary>
internal sealed class PipelineClient : IDisposable
{
    /// <summary>Environment variable of the orchestrator's address; with it PIPELINE_KEY is used, and no endpoint file.</summary>
    public const string AddressVariable = "PIPELINE_ORCHESTRATOR";

    private const string HowToStart = "start one with: dotnet run --project Pipeline.AppHost";
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    private readonly HttpClient _http;
    private readonly string _source;

    private PipelineClient(EndpointFile endpoint, string source)
    {
        _source = source;
        _http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(2), UseProxy = false, AllowAutoRedirect = false })
        {
            BaseAddress = new Uri(endpoint.Address),
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", endpoint.Key);
    }

    /// <summary>A client of the pipeline that is up.</summary>
    /// <exception cref="CliException">None is.</exception>
    public static PipelineClient Connect(Func<string, string?> environment)
    {
        if (environment(AddressVariable) is { Length: > 0 } address)
            return new PipelineClient(new EndpointFile(address, environment(SharedKeyOptions.Variable) ?? "", 0), AddressVariable);
        try
        {
            var path = EndpointFile.PathIn(environment);
            var endpoint = EndpointFile.Read(path)
                ?? throw new CliException(ExitCodes.NoPipeline, $"no pipeline is up (there is no {path}): {HowToStart}");
            return new PipelineClient(endpoint, path);
        }
        catch (InvalidDataException error)
        {
            throw new CliException(ExitCodes.NoPipeline, error.Message, error);
        }
    }

    /// <summary>
    /// Waits until the orchestrator answers, where its address was given: whoever gave it starts the orchestrator, too.
    /// </summary>
    /// <exception cref="CliException">It does not answer in time.</exception>
    public async Task WaitUntilUpAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var since = context.Time.GetTimestamp();
        while (_source == AddressVariable)
        {
            using var timeout = new CancellationTokenSource(ProbeTimeout, context.Time);
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
            try
            {
                using var response = await _http.GetAsync(HealthPaths.Alive, ending.Token);
                return;
            }
            catch (Exception error) when (error is HttpRequestException || timeout.IsCancellationRequested)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (context.Time.GetElapsedTime(since) > StartTimeout)
                    throw Away(error);
            }

            await Task.Delay(ProbeInterval, context.Time, cancellationToken);
        }
    }

    /// <summary>Starts a run.</summary>
    public Task<Run> CreateAsync(RunSettings settings, CancellationToken cancellationToken) =>
        AskAsync(() => new HttpRequestMessage(HttpMethod.Post, "/runs") { Content = JsonContent.Create(settings, RunJson.Default.RunSettings) }, RunJson.Default.Run, cancellationToken);

    /// <summary>All runs, newest first.</summary>
    public Task<IReadOnlyList<Run>> ListAsync(CancellationToken cancellationToken) =>
        AskAsync(() => new HttpRequestMessage(HttpMethod.Get, "/runs"), RunJson.Default.IReadOnlyListRun, cancellationToken);

    /// <summary>One run.</summary>
    public Task<Run> GetAsync(string id, CancellationToken cancellationToken) =>
        AskAsync(() => new HttpRequestMessage(HttpMethod.Get, PathOf(id)), RunJson.Default.Run, cancellationToken);

    /// <summary>"pause", "cancel" or "resume".</summary>
    public Task<Run> ChangeAsync(string id, string verb, CancellationToken cancellationToken) =>
        AskAsync(() => new HttpRequestMessage(HttpMethod.Post, $"{PathOf(id)}/{verb}"), RunJson.Default.Run, cancellationToken);

    /// <summary>Who is registered where.</summary>
    public Task<Topology> TopologyAsync(CancellationToken cancellationToken) =>
        AskAsync(() => new HttpRequestMessage(HttpMethod.Get, "/topology"), TopologyJson.Default.Topology, cancellationToken);

    /// <summary>What happens to a run, until it rests.</summary>
    /// <exception cref="CliException">The stream broke before.</exception>
    public IAsyncEnumerable<SseItem<Run>> FollowAsync(string id, CancellationToken cancellationToken) =>
        StreamAsync($"{PathOf(id)}/events", RunJson.Default.Run, cancellationToken);

    /// <summary>The topology, again after each change.</summary>
    public IAsyncEnumerable<SseItem<Topology>> FollowTopologyAsync(CancellationToken cancellationToken) =>
        StreamAsync("/topology/events", TopologyJson.Default.Topology, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static string PathOf(string id) => $"/runs/{Uri.EscapeDataString(id)}";

    private async Task<T> AskAsync<T>(Func<HttpRequestMessage> make, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(Deadline);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            using var request = make();
            using var response = await _http.SendAsync(request, ending.Token);
            await RequireSuccessAsync(response, ending.Token);
            return await response.Content.ReadFromJsonAsync(type, ending.Token) ?? throw new JsonException("the answer is null");
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new CliException(ExitCodes.NoPipeline, $"the orchestrator at {_http.BaseAddress} does not answer");
        }
        catch (Exception error) when (error is HttpRequestException or IOException or JsonException)
        {
            throw Away(error);
        }
    }

    private async IAsyncEnumerable<SseItem<T>> StreamAsync<T>(string path, JsonTypeInfo<T> type, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        HttpResponseMessage response;
        // Aspire's proxy may hold a connection that was made while the orchestrator was down: only the answer's beginning is bounded.
        using var timeout = new CancellationTokenSource(Deadline);
        using var beginning = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            response = await _http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, beginning.Token);
            await RequireSuccessAsync(response, beginning.Token);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw Away(error);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw Away(error);
        }

        using (response)
        {
            var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            await using var items = SseParser.Create(stream, (_, bytes) => JsonSerializer.Deserialize(bytes, type)!)
                .EnumerateAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
            while (true)
            {
                try
                {
                    if (!await items.MoveNextAsync())
                        yield break;
                }
                catch (Exception error) when (error is HttpRequestException or IOException or JsonException)
                {
                    throw Away(error);
                }

                yield return items.Current;
            }
        }
    }

    private static async Task RequireSuccessAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.IsSuccessStatusCode)
            return;
        Problem? problem = null;
        try
        {
            problem = await response.Content.ReadFromJsonAsync(CliJson.Default.Problem, cancellationToken);
        }
        catch (Exception error) when (error is JsonException or NotSupportedException)
        {
            // Somebody else listens there; the status has to do.
        }

        var code = response.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.NotFound ? ExitCodes.Usage : ExitCodes.Failed;
        var lines = problem?.Errors?.SelectMany(field => field.Value.Select(message => $"{field.Key} {message}"));
        throw new CliException(
            code,
            lines is not null ? string.Join('\n', lines) : problem?.Detail ?? $"the orchestrator answered {(int)response.StatusCode} {response.ReasonPhrase}");
    }

    private CliException Away(Exception error) => new(
        ExitCodes.NoPipeline,
        $"the pipeline that {_source} names is not up any more ({_http.BaseAddress} does not answer as it should: {error.Message}): {HowToStart}",
        error);
}
