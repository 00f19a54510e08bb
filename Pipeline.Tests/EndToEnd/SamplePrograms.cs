using Pipeline.Client.Runs;
using Pipeline.Tests.AppHost;
using Pipeline.Tests.Faults;

namespace Pipeline.Tests.EndToEnd;

/// <summary>
/// A pipeline in which the programs of samples/ have their places: a whole stage in Node is the only one with the role rules, transforms and a bridge
/// have roles of their own, and are in the route of the runs that name them. Programs whose language is not installed are left out.
/// </summary>
public sealed class SamplePrograms : IAsyncLifetime
{
    public const string NodeStage = "stage.js";
    public const string NodeTransform = "transform.js";
    public const string PythonTransform = "transform.py";
    public const string PythonAudit = "audit.py";

    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(50);

    private readonly Dictionary<string, (string Results, string Rejects)> _expected = [];
    private PipelineUnderTest? _pipeline;

    internal PipelineUnderTest Pipeline => _pipeline ?? throw new InvalidOperationException("not started");

    /// <summary>What the AppHost is told of them.</summary>
    public static IReadOnlyList<string> Configuration { get; } =
    [
        "--Pipeline:Services:rules:Replicas=0",
        .. Languages.WhyNotNode is null
            ? [.. Process("node-rules", "node", NodeStage), .. Process("node-filter", "node", NodeTransform, "node-filter")]
            : Array.Empty<string>(),
        .. Languages.WhyNotPython is null
            ? [.. Process("python-filter", Languages.Python, PythonTransform, "python-filter"),
                .. Process("python-audit", Languages.Python, PythonAudit, "audit")]
            : Array.Empty<string>(),
    ];

    /// <summary>A route with these roles between parse and aggregate.</summary>
    public static string[] Route(params string[] middle) => ["ingest", "parse", .. middle, "aggregate", "sink"];

    /// <summary>The process of a program, once there is one: it may be about to be started again.</summary>
    internal static async Task<int> ProcessOfAsync(PipelineUnderTest pipeline, string program, int? former = null)
    {
        using var timeout = new CancellationTokenSource(AppHostUnderTest.Patience);
        var processes = new ServiceProcesses(pipeline.Host.Data);
        while (true)
        {
            var found = processes.All().Where(id => id != former && CommandLineOf(id).EndsWith($"{program}\0", StringComparison.Ordinal)).ToList();
            if (found.Count > 0)
                return found[0];
            await Task.Delay(Glance, timeout.Token);
        }
    }

    public async Task InitializeAsync()
    {
        if (Languages.WhyNotNode is null || Languages.WhyNotPython is null)
            _pipeline = await PipelineUnderTest.StartAsync([.. FaultBench.Configuration, .. Configuration]);
    }

    public Task DisposeAsync() => _pipeline?.DisposeAsync().AsTask() ?? Task.CompletedTask;

    /// <summary>What the monolith makes of an input, made once.</summary>
    internal async Task<(string Results, string Rejects)> MonolithAsync(string input, string rules, string[] groupBy)
    {
        var key = string.Join('\n', [input, rules, .. groupBy]);
        if (!_expected.TryGetValue(key, out var bytes))
        {
            // The monolith reads what lies below its folder.
            var folder = Pipeline.Folder($"monolith-{_expected.Count}");
            var copy = Path.Combine(folder, "input.ndjson");
            File.Copy(input, copy);
            var completed = await RunTests.MonolithAsync(copy, Path.Combine(folder, "results.ndjson"), folder, rules, groupBy);
            bytes = _expected[key] = (
                await File.ReadAllTextAsync(completed.Output), completed.Rejects.Length == 0 ? "" : await File.ReadAllTextAsync(completed.Rejects));
        }

        return bytes;
    }

    /// <summary>What a run has made.</summary>
    internal static async Task<(string Results, string Rejects)> BytesAsync(Run run) =>
        (await File.ReadAllTextAsync(run.Output), run.Rejects is { } rejects ? await File.ReadAllTextAsync(rejects) : "");

    private static string[] Process(string name, string command, string program, string? role = null) =>
    [
        $"--Pipeline:Processes:{name}:Command={command}",
        $"--Pipeline:Processes:{name}:Arguments:0={program}",
        $"--Pipeline:Processes:{name}:Directory={Languages.Sample(program.EndsWith(".js", StringComparison.Ordinal) ? "node" : "python")}",
        .. role is null ? Array.Empty<string>() : [$"--Pipeline:Processes:{name}:Role={role}"],
    ];

    private static string CommandLineOf(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return ""; // it ended meanwhile
        }
    }
}
