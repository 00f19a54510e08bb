using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Pipeline.Client.Channels;
using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Security;

namespace Pipeline.Client.Runs;

/// <summary>The orchestrator's HTTP API; docs/http-api.md describes it.</summary>
public sealed class RunsClient : IDisposable
{
    /// <summary>Environment variable of the orchestrator's address; with it PIPELINE_KEY is used, and no endpoint file.</summary>
    public const string AddressVariable = "PIPELINE_ORCHESTRATOR";

    private const string HowToStart = "start one with: dotnet run --project Pipeline.AppHost";
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromMilliseconds(50);

    // The machine of a cluster that carries a run out is lost: until another one has taken it over.
    private static readonly TimeSpan TakeoverTime = TimeSpan.FromSeconds(40);

    // Stages check the options before a run starts or resumes. A caller that gives up earlier may leave a run that nobody follows.
    private static readonly TimeSpan StartingTime = TimeSpan.FromSeconds(40);

    private readonly HttpClient _http;
    private readonly string _source;

    /// <summary>A client of the orchestrator at an address.</summary>
    /// <param name="address">Of its HTTP API.</param>
    /// <param name="key">Of the pipeline.</param>
    /// <param name="source">What named the address, for errors.</param>
    public RunsClient(Uri address, string key, string source = AddressVariable)
        : this(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(2), UseProxy = false, AllowAutoRedirect = false }, address, key, source)
    {
    }

    internal RunsClient(HttpMessageHandler handler, Uri address, string key, string source)
    {
        _source = source;
        _http = new HttpClient(handler)
        {
            BaseAddress = address,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        PageLink = new Uri(address, PageLogin.LinkOf(key));
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    /// <summary>The link that logs a browser in to the orchestrator's page.</summary>
    public Uri PageLink { get; }

    /// <summary>Longest time for an answer, or for the beginning of a stream.</summary>
    /// <value>Default 10 s.</value>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A client of the pipeline that is up.</summary>
    /// <param name="environment">Reads a variable of the environment.</param>
    /// <exception cref="RunsApiException">None is, or the environment names no address, or no key with it.</exception>
    public static RunsClient Connect(Func<string, string?> environment)
    {
        if (environment(AddressVariable) is { Length: > 0 } text)
        {
            // "localhost:5080" is a URI, too: its scheme is localhost.
            if (!Uri.TryCreate(text, UriKind.Absolute, out var address) || address.Scheme != Uri.UriSchemeHttp)
                throw new RunsApiException($"{AddressVariable} must be an http address, such as http://127.0.0.1:5080, not '{text}'");
            return environment(SharedKeyOptions.Variable) is { } key && SharedKeyOptions.IsKey(key)
                ? new RunsClient(address, key)
                : throw new RunsApiException(
                    $"{SharedKeyOptions.Variable} must be set to the key of the pipeline at {address}: 1 to 512 visible ASCII characters");
        }

        try
        {
            var path = EndpointFile.PathIn(environment);
            var endpoint = EndpointFile.Read(path)
                ?? throw new RunsApiException(
                    $"no pipeline is up; {HowToStart}. If one is up, its orchestrator could not write {path}: the AppHost's console or its log says why");
            return new RunsClient(new Uri(endpoint.Address), endpoint.Key, path);
        }
        catch (InvalidDataException error)
        {
            throw new RunsApiException(error.Message, inner: error);
        }
    }

    /// <summary>Waits until the orchestrator answers, where its address was given: the AppHost gives it before the orchestrator listens.</summary>
    /// <param name="time">Clock.</param>
    /// <param name="waiting">Hears once, where it takes longer, what is waited for.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="RunsApiException">It does not answer in time.</exception>
    public async Task WaitUntilUpAsync(TimeProvider time, Action<string> waiting, CancellationToken cancellationToken)
    {
        var since = time.GetTimestamp();
        var told = false;
        while (_source == AddressVariable)
        {
            using var timeout = new CancellationTokenSource(ProbeTimeout, time);
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
            try
            {
                using var response = await _http.GetAsync(HealthPaths.Alive, ending.Token);
                return;
            }
            catch (Exception error) when (HttpFailures.IsLostConnection(error) || timeout.IsCancellationRequested)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (time.GetElapsedTime(since) > StartTimeout)
                    throw Away(error);
                if (!told && time.GetElapsedTime(since) > ProbeTimeout)
                {
                    waiting($"waiting for the orchestrator at {_http.BaseAddress}, up to {StartTimeout.TotalMinutes:0} min");
                    told = true;
                }
            }

            await Task.Delay(ProbeInterval, time, cancellationToken);
        }
    }

    /// <summary>Stores a run and starts it.</summary>
    /// <exception cref="RunsApiException">It is refused, and why; or no orchestrator answers, and the run may have been made.</exception>
    public Task<Run> StartAsync(RunSettings settings, CancellationToken cancellationToken = default) =>
        AskAsync(
            HttpMethod.Post, "/runs", RunJson.Default.Run, cancellationToken, JsonContent.Create(settings, RunJson.Default.RunSettings),
            Deadline + StartingTime, "; the run may have been made all the same: `pipeline runs` shows it then");

    /// <summary>Checks that a run with these settings could be started; starts none.</summary>
    /// <returns>What could not be checked; null: nothing.</returns>
    /// <exception cref="RunsApiException">It could not, and why.</exception>
    public Task<RunCheck?> CheckAsync(RunSettings settings, CancellationToken cancellationToken = default) => AskAsync<RunCheck?>(
        HttpMethod.Post, "/runs?dryRun=true", RunJson.Default.RunCheck!, cancellationToken, JsonContent.Create(settings, RunJson.Default.RunSettings),
        mayBeEmpty: true);

    /// <summary>All runs, newest first.</summary>
    /// <exception cref="RunsApiException">No orchestrator answers.</exception>
    public Task<IReadOnlyList<Run>> ListAsync(CancellationToken cancellationToken = default) =>
        AskAsync(HttpMethod.Get, "/runs", RunJson.Default.IReadOnlyListRun, cancellationToken);

    /// <summary>One run.</summary>
    /// <exception cref="RunsApiException">There is none of that id, or no orchestrator answers.</exception>
    public Task<Run> GetAsync(string id, CancellationToken cancellationToken = default) =>
        AskAsync(HttpMethod.Get, PathOf(id), RunJson.Default.Run, cancellationToken);

    /// <summary>Has a run drain to a checkpoint, to be resumed later; does not wait for it.</summary>
    /// <exception cref="RunsApiException">There is none of that id, it is not active, or no orchestrator answers.</exception>
    public Task<Run> PauseAsync(string id, CancellationToken cancellationToken = default) =>
        ChangeAsync(id, "pause", cancellationToken, Deadline + TakeoverTime);

    /// <summary>Has a run drain to a checkpoint, and be given up; does not wait for it. One that rests is given up at once.</summary>
    /// <exception cref="RunsApiException">There is none of that id, it is completed or cancelled, or no orchestrator answers.</exception>
    public Task<Run> CancelAsync(string id, CancellationToken cancellationToken = default) =>
        ChangeAsync(id, "cancel", cancellationToken, Deadline + TakeoverTime);

    /// <summary>Deletes a run that rests, with all that is in its folder.</summary>
    /// <exception cref="RunsApiException">There is none of that id, it is active, it cannot be deleted, or no orchestrator answers.</exception>
    public Task DeleteAsync(string id, CancellationToken cancellationToken = default) =>
        AskAsync(HttpMethod.Delete, PathOf(id), RunJson.Default.Run, cancellationToken, mayBeEmpty: true);

    /// <summary>Goes on with a run from its last committed checkpoint.</summary>
    /// <param name="id">The run.</param>
    /// <param name="allowUpgrade">Lets its next attempt go through other implementations; then it may also be a run that waits.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="RunsApiException">There is none of that id, it cannot be resumed, or no orchestrator answers.</exception>
    public Task<Run> ResumeAsync(string id, bool allowUpgrade = false, CancellationToken cancellationToken = default) =>
        ChangeAsync(
            id, allowUpgrade ? "resume?allowUpgrade=true" : "resume", cancellationToken, Deadline + StartingTime,
            "; the run may have been resumed all the same: `pipeline runs` shows it then");

    /// <summary>
    /// Takes an instance out: runs that go through it go on with another, and its process is asked to end. Returns when that is done, which
    /// takes as long as the orchestrator gives runs to drain.
    /// </summary>
    /// <param name="name">Its id, or its role where no other instance has it.</param>
    /// <param name="cancellationToken">Ends the call, not what it has begun.</param>
    /// <exception cref="RunsApiException">There is no such instance, or there are several, or no orchestrator answers.</exception>
    public Task<StoppedInstance> StopStageAsync(string name, CancellationToken cancellationToken = default) => AskAsync(
        HttpMethod.Post, $"/topology/{Uri.EscapeDataString(name)}/stop", TopologyJson.Default.StoppedInstance, cancellationToken,
        deadline: Timeout.InfiniteTimeSpan);

    /// <summary>Has another implementation take over a role in all active runs; with <paramref name="stopOld"/> it takes as long as stopping does.</summary>
    /// <param name="role">The role.</param>
    /// <param name="with">An instance of the new implementation; null: the only other one that is up.</param>
    /// <param name="stopOld">Takes the instances of the others out.</param>
    /// <param name="cancellationToken">Ends the call, not what it has begun.</param>
    /// <exception cref="RunsApiException">No implementation can take over, or several could, or no orchestrator answers.</exception>
    public Task<ReplacedRole> ReplaceStageAsync(
        string role, string? with = null, bool stopOld = false, CancellationToken cancellationToken = default)
    {
        var query = $"stopOld={(stopOld ? "true" : "false")}{(with is null ? "" : $"&with={Uri.EscapeDataString(with)}")}";
        return AskAsync(
            HttpMethod.Post, $"/topology/{Uri.EscapeDataString(role)}/replace?{query}", TopologyJson.Default.ReplacedRole, cancellationToken,
            deadline: Timeout.InfiniteTimeSpan);
    }

    /// <summary>Who is registered where; of one role, where it is named.</summary>
    /// <exception cref="RunsApiException">No orchestrator answers.</exception>
    public Task<Topology> TopologyAsync(string? role = null, CancellationToken cancellationToken = default) =>
        AskAsync(HttpMethod.Get, $"/topology{QueryOf(role)}", TopologyJson.Default.Topology, cancellationToken);

    /// <summary>What happens to a run, until it rests; the stream of one that another machine carries out ends before where the orchestrator stops.</summary>
    /// <exception cref="RunsApiException">There is none of that id, no orchestrator answers, or the stream broke.</exception>
    public IAsyncEnumerable<SseItem<Run>> FollowAsync(string id, CancellationToken cancellationToken = default) =>
        StreamAsync($"{PathOf(id)}/events", RunJson.Default.Run, cancellationToken);

    /// <summary>The topology, again after each change, until the orchestrator stops.</summary>
    /// <exception cref="RunsApiException">No orchestrator answers, or the stream broke.</exception>
    public IAsyncEnumerable<SseItem<Topology>> FollowTopologyAsync(string? role = null, CancellationToken cancellationToken = default) =>
        StreamAsync($"/topology/events{QueryOf(role)}", TopologyJson.Default.Topology, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static string QueryOf(string? role) => role is null ? "" : $"?role={Uri.EscapeDataString(role)}";

    private static string PathOf(string id) => $"/runs/{Uri.EscapeDataString(id)}";

    private Task<Run> ChangeAsync(string id, string verb, CancellationToken cancellationToken, TimeSpan deadline, string unanswered = "") =>
        AskAsync(HttpMethod.Post, $"{PathOf(id)}/{verb}", RunJson.Default.Run, cancellationToken, deadline: deadline, unanswered: unanswered);

    private async Task<T> AskAsync<T>(
        HttpMethod method, string path, JsonTypeInfo<T> type, CancellationToken cancellationToken, HttpContent? content = null,
        TimeSpan? deadline = null, string unanswered = "", bool mayBeEmpty = false)
    {
        using var timeout = new CancellationTokenSource(deadline ?? Deadline);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            using var request = new HttpRequestMessage(method, path) { Content = content };
            using var response = await _http.SendAsync(request, ending.Token);
            await RequireSuccessAsync(response, ending.Token);
            return mayBeEmpty && response.StatusCode == HttpStatusCode.NoContent
                ? default!
                : await response.Content.ReadFromJsonAsync(type, ending.Token) ?? throw new JsonException("the answer is null");
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new RunsApiException($"the orchestrator at {_http.BaseAddress} does not answer{unanswered}");
        }
        catch (JsonException error)
        {
            throw NotUnderstood(error, unanswered);
        }
        catch (Exception error) when (HttpFailures.IsLostConnection(error))
        {
            // What was never connected has asked for nothing.
            throw Away(error, error is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError }
                ? "" : unanswered);
        }
    }

    private async IAsyncEnumerable<SseItem<T>> StreamAsync<T>(string path, JsonTypeInfo<T> type, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        HttpResponseMessage response;
        // A run may take long: only the answer's beginning is bounded.
        using var timeout = new CancellationTokenSource(Deadline);
        using var beginning = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            response = await _http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, beginning.Token);
            await RequireSuccessAsync(response, beginning.Token);
        }
        catch (Exception error) when (
            HttpFailures.IsLostConnection(error) || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
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
                catch (JsonException error)
                {
                    throw NotUnderstood(error);
                }
                catch (Exception error) when (HttpFailures.IsLostConnection(error))
                {
                    throw Away(error);
                }

                yield return items.Current;
            }
        }
    }

    // A response that is none is disposed of.
    private async Task RequireSuccessAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.IsSuccessStatusCode)
            return;
        using var refused = response;
        if (response.StatusCode == HttpStatusCode.Unauthorized)
        {
            throw new RunsApiException(
                $"the pipeline at {_http.BaseAddress} refuses the key of {(_source == AddressVariable ? SharedKeyOptions.Variable : _source)}: "
                + "it is that of another pipeline, or of an earlier start of this one",
                response.StatusCode);
        }

        Problem? problem = null;
        try
        {
            problem = await response.Content.ReadFromJsonAsync(ProblemJson.Default.Problem, cancellationToken);
        }
        catch (Exception error) when (error is JsonException or NotSupportedException)
        {
            // Somebody else listens there; the status has to do.
        }

        var fields = problem?.Errors?.SelectMany(field => field.Value.Select(message => new FieldError(field.Key, message))).ToList();
        throw new RunsApiException(
            fields is not null ? string.Join('\n', fields.Select(field => $"{field.Field} {field.Message}"))
                : problem?.Detail ?? $"the orchestrator answered {(int)response.StatusCode} {response.ReasonPhrase}",
            response.StatusCode) { Fields = fields ?? [] };
    }

    // An endpoint file is that of a pipeline that was up.
    private RunsApiException Away(Exception error, string unanswered = "") => new(
        $"the pipeline that {_source} names is not up{(_source == AddressVariable ? "" : " any more")} "
        + $"({_http.BaseAddress} does not answer as it should: {error.Message}): {HowToStart}{unanswered}",
        inner: error);

    // With a status: it is there, and asking again helps nobody.
    private RunsApiException NotUnderstood(JsonException error, string unanswered = "") => new(
        $"{_http.BaseAddress} answers what this version of the command does not understand ({error.Message}): "
        + $"is it another version's, or no orchestrator?{unanswered}",
        HttpStatusCode.OK,
        error);
}

/// <summary>The parts of a problem detail that a client shows.</summary>
internal sealed record Problem(string? Detail, Dictionary<string, string[]>? Errors);

/// <summary>How problem details are read.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Problem))]
internal sealed partial class ProblemJson : JsonSerializerContext;

/// <summary>The orchestrator refused a call, or none answers.</summary>
/// <param name="message">What is wrong; a line for each field of a request.</param>
/// <param name="status">Status of the answer; null where there was none, or none that an orchestrator gives.</param>
/// <param name="inner">What caused it.</param>
public sealed class RunsApiException(string message, HttpStatusCode? status = null, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Status of the answer; null where there was none, or none that an orchestrator gives.</summary>
    public HttpStatusCode? Status { get; } = status;

    /// <summary>The fields of a request that are wrong, with the place in the message; empty where the request is refused as a whole.</summary>
    public IReadOnlyList<FieldError> Fields { get; init; } = [];
}
