using Pipeline.Cli.CheckStage;
using Pipeline.Cli.Generator;
using Pipeline.Client.Runs;
using Pipeline.Tests.AppHost;
using Pipeline.Tests.Cli.CheckStage;
using Pipeline.Tests.Faults;

namespace Pipeline.Tests.EndToEnd;

/// <summary>The programs of samples/ in the route: the bytes of the monolith.</summary>
[Collection(WholeMachineCollection.Name)]
public sealed class LanguageTests(SamplePrograms programs) : IClassFixture<SamplePrograms>
{
    private const string NoRules = "";

    // Of each kind of expression something, numbers with more decimals than a column holds, and lines that fail.
    private const string ManyRules = """
        {
          "rules": [
            // Commented, and with a comma too many.
            { "drop": "!(type in ['click', 'purchase', 's\u00f8k']) || user.startsWith('u00') || user.endsWith(\"99\")" },
            { "set": "value", "to": "type == 'purchase' ? value * 1.19 : -value / 7" },
            { "set": "size", "to": "value >= 60 ? 'large' : value >= 0.1 ? 'medium' : 'small'" },
            { "set": "second", "to": "(ts - ts % 1000) / 1000 % 7" },
            { "set": "name", "to": "type.upperAscii().trim() + '-' + size" },
            { "set": "odd", "to": "line % 2 == 1 && !user.contains('77') || name.size() > 14" },
            { "set": "quotient", "to": "100 / (line % 500)", "comment": "fails in each 500th line" },
            { "drop": "size == 'small' && second < 2 || name < 'CLICK-m' || quotient in [0.25, 0.5]" },
          ]
        }
        """;

    private PipelineUnderTest Pipeline => programs.Pipeline;

    private async Task CheckAsync(string role, string skipped)
    {
        var topology = await Pipeline.TopologyAsync(now => now.Instances.Any(IsUp));

        var outcomes = await Kit.CheckAsync(new Uri(topology.Instances.Single(IsUp).Address), role, key: AppHostUnderTest.Key);

        outcomes.RequireFailed();
        Assert.Equal(skipped, Assert.Single(outcomes, outcome => outcome.Result == CheckResult.Skipped).Name);

        bool IsUp(TopologyInstance instance) => instance.Role == role && instance.State == "live";
    }

    [NodeFact]
    public async Task Run_NodeStageForRules_HasTheMonolithsBytes()
    {
        var route = SamplePrograms.Route("rules");
        await CompareAsync(route, Sample(), NoRules, 0, "type");
        await CompareAsync(route, Sample(), NoRules, 1, "user", "rule");
        await CompareAsync(route, Mixed(), NoRules, 0, "type");
        await CompareAsync(route, Mixed(), NoRules, 7, "type", "user");
        await CompareAsync(route, Mixed(), ManyRules, 0, "type", "size", "second");
        await CompareAsync(route, Mixed(), ManyRules, 100, "name", "odd");
        await CompareAsync(route, Mixed(), ManyRules, 1, "type");
    }

    [NodeFact]
    public async Task Run_NodeStageAndRandomArithmetic_HasTheMonolithsBytes()
    {
        // The remainder leaves digits that fit a column, here the last ones; what is divided by zero or too large on the way rejects its line.
        var random = new Random(3);
        var names = Enumerable.Range(0, 4).Select(index => $"n{index}").ToArray();
        var rules = names.Select(name => $"{{\"set\":\"{name}\",\"to\":\"(value / 7 + {Arithmetic(random, 3)} % 100) * 10000000000000000000 % 1000\"}}");
        var run = await CompareAsync(SamplePrograms.Route("rules"), Mixed(), $"{{\"rules\":[{string.Join(",\n", rules)}]}}", 0, names);
        Assert.InRange(run.Counts.Events, 1_000, MixedLines);
    }

    [NodeFact]
    public Task CheckStage_NodeStage_PassesAllChecksButTheRingWhichItDeclines() => CheckAsync("rules", "ring");

    [PythonFact]
    public Task CheckStage_PythonAudit_PassesAllChecksButOptionsWhichItHasNone() => CheckAsync("audit", "options");

    [NodeFact]
    public async Task Start_NodeStageAndWrongRules_IsRefusedWithTheirPlaces()
    {
        const string rules = "{\"rules\":[{\"drop\":\"tpye == 'view'\"},\n  {\"set\":\"a\",\"to\":\"'\\u0041' < value\"}]}";
        // Another test may have killed the one before.
        var process = await SamplePrograms.ProcessOfAsync(Pipeline, SamplePrograms.NodeStage);
        await Pipeline.TopologyAsync(now => now.Instances.Any(instance => instance.ProcessId == process && instance.State == "live"));

        var refused = await Assert.ThrowsAsync<RunsApiException>(
            () => Pipeline.Api.StartAsync(Settings(SamplePrograms.Route("rules"), Sample(), rules, 0, "type")));

        Assert.Equal(
            """
            rules line 1, column 20: unknown column 'tpye'; known here: type, user, ts, value, line, offset
            rules line 2, column 29: operator '<' does not take text and number
            """,
            refused.Message);
    }

    [NodeFact]
    public Task Run_NodeTransform_HasTheMonolithsBytes() => CompareTransformAsync("node-filter");

    [PythonFact]
    public Task Run_PythonTransform_HasTheMonolithsBytes() => CompareTransformAsync("python-filter");

    [NodeAndPythonFact]
    public async Task Run_PythonAuditAfterNodeStage_HasTheMonolithsBytes()
    {
        var route = SamplePrograms.Route("rules", "audit");
        await CompareAsync(route, Sample(), NoRules, 1, "type");
        await CompareAsync(route, Mixed(), NoRules, 0, "type");
        await CompareAsync(route, Mixed(), ManyRules, 100, "name", "odd");
    }

    [NodeAndPythonFact]
    public async Task Run_AllSamplesInTheRoute_HasTheMonolithsBytes()
    {
        var route = SamplePrograms.Route("node-filter", "rules", "audit", "python-filter");
        await CompareAsync(route, Sample(), NoRules, 0, "type");
        await CompareAsync(route, Mixed(), NoRules, 10, "user");
        await CompareAsync(route, Mixed(), NoRules, 0, "rule", "type");
    }

    [NodeAndPythonFact]
    public async Task Run_EachSampleKilledStoppedAndEnded_HasTheMonolithsBytes()
    {
        const double seconds = 4;
        var input = Mixed();
        var settings = Settings(SamplePrograms.Route("node-filter", "rules", "audit"), input, NoRules, 0, "type");
        settings.Rate = MixedLines / seconds;
        var run = await Pipeline.Api.StartAsync(settings);
        foreach (var (program, disturb) in new (string, Action<int>)[]
        {
            (SamplePrograms.NodeStage, ServiceProcesses.Kill),
            (SamplePrograms.PythonAudit, ServiceProcesses.Kill),
            (SamplePrograms.PythonAudit, Signals.Stop),
            (SamplePrograms.NodeTransform, Signals.Terminate),
            (SamplePrograms.NodeStage, Signals.Terminate),
        })
        {
            // In the middle of an attempt: one that has come further than those before it.
            var lines = run.Progress.Lines;
            run = await Pipeline.UntilAsync(run, now => now.State == RunState.Running && now.Progress.Lines > lines);
            var attempts = run.Attempts;
            disturb(await SamplePrograms.ProcessOfAsync(Pipeline, program));
            run = await Pipeline.UntilAsync(run, now => now.Attempts > attempts);
        }

        run = await Pipeline.RestAsync(run);
        Assert.True(run.State == RunState.Completed, run.Error?.Message);
        Assert.InRange(run.Attempts, 6, 14);
        Assert.Equal(await programs.MonolithAsync(input, NoRules, ["type"]), await SamplePrograms.BytesAsync(run));
    }

    private const int MixedLines = 8_000;

    private static string Arithmetic(Random random, int depth)
    {
        if (depth == 0)
            return random.Next(5) switch { 0 => "value", 1 => "ts", 2 => "line", 3 => Literal(random), _ => $"{random.Next(1, 100)}" };
        var (left, right) = (Arithmetic(random, depth - 1), Arithmetic(random, depth - 1));
        return random.Next(8) switch
        {
            < 5 and var index => $"({left} {"+-*/%"[index]} {right})",
            5 => $"-({left} / {right})",
            _ => $"({left} < {right} ? {left} : {right})",
        };
    }

    private static string Literal(Random random)
    {
        var digits = string.Concat(Enumerable.Range(0, random.Next(1, 15)).Select(_ => (char)('0' + random.Next(10))));
        return digits.Insert(random.Next(1, digits.Length + 1), ".") + random.Next(10);
    }

    // It has the default rules, and leaves work items to others.
    private async Task CompareTransformAsync(string role)
    {
        var generated = Path.Combine(Pipeline.Folder("input"), $"{role}.ndjson");
        await using (var file = File.Create(generated))
        {
            LineGenerator.Write(new GeneratorOptions { Count = 5_000 }, file, null, CancellationToken.None);
            file.Write("no event\n"u8);
        }

        var route = SamplePrograms.Route(role);
        await CompareAsync(route, generated, NoRules, 1, "type");
        await CompareAsync(route, generated, NoRules, 100, "user");
        await CompareAsync(route, generated, NoRules, 0, "user", "type");
    }

    private async Task<Run> CompareAsync(string[] route, string input, string rules, int batchSize, params string[] groupBy)
    {
        var run = await Pipeline.RunAsync(Settings(route, input, rules, batchSize, groupBy));

        // Not Assert.Equal, which cuts the errors off.
        var errors = string.Join("; ", run.History.Select(attempt => attempt.Error?.Message));
        Assert.True((run.State, run.Attempts, errors) == (RunState.Completed, 1, ""), $"{run.State}, {run.Attempts} attempts: {errors}");
        Assert.Equal(await programs.MonolithAsync(input, rules, groupBy), await SamplePrograms.BytesAsync(run));
        return run;
    }

    private RunSettings Settings(string[] route, string input, string rules, int batchSize, params string[] groupBy) => new()
    {
        Input = input,
        Output = Path.Combine(Pipeline.Folder(Guid.NewGuid().ToString("N")), "results.ndjson"),
        Route = route,
        Rules = rules.Length == 0 ? null : rules,
        GroupBy = groupBy,
        BatchSize = batchSize,
        MaxLineBytes = MixedInput.MaxLineBytes,
        CheckpointIntervalMillis = 20,
    };

    private string Sample()
    {
        var path = Path.Combine(Pipeline.Folder("input"), "events.ndjson");
        File.Copy(Path.Combine(Repository.Root, "samples", "events.ndjson"), path, overwrite: true);
        return path;
    }

    private string Mixed()
    {
        var path = Path.Combine(Pipeline.Folder("input"), "mixed.ndjson");
        if (!File.Exists(path))
            FaultBench.Write(path, MixedLines, badShare: 0.01);
        return path;
    }
}
