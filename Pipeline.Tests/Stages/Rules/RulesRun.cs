using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Stages.Rules;

namespace Pipeline.Tests.Stages.Rules;

/// <summary>One attempt of a RulesStage.</summary>
internal sealed class RulesRun
{
    private readonly RulesStage _stage;

    private RulesRun(StageContext context)
    {
        Context = context;
        _stage = new RulesStage(context);
    }

    public StageContext Context { get; }

    public RunOpened Opened { get; private set; } = new();

    public FrameList Output { get; } = [];

    public long Filtered => Output.Events.Sum(frame => frame.Filtered);

    public IEnumerable<Reject> Rejects => Output.Events.SelectMany(frame => frame.Rejects);

    public static async Task<RulesRun> OpenAsync(string rules, params string[] wanted)
    {
        var run = new RulesRun(Frames.Context());
        var below = new RunOpened();
        below.Columns.AddRange(wanted);
        run.Opened = await run._stage.OpenAsync(new OpenRun { Options = new RunOptions { Rules = rules } }, below, default);
        return run;
    }

    /// <summary>Rules without the JSON around them: "drop E" or "NAME = E".</summary>
    public static string Json(params string[] rules) => System.Text.Json.JsonSerializer.Serialize(new
    {
        rules = rules.Select(rule => rule.StartsWith("drop ", StringComparison.Ordinal)
            ? new Dictionary<string, string> { ["drop"] = rule[5..] }
            : new Dictionary<string, string>
            {
                ["set"] = rule[..rule.IndexOf(" = ", StringComparison.Ordinal)],
                ["to"] = rule[(rule.IndexOf(" = ", StringComparison.Ordinal) + 3)..],
            }),
    });

    public async Task<RulesRun> SendAsync(params Frame[] frames)
    {
        foreach (var frame in frames)
            await _stage.ProcessAsync(frame, Output, default);

        return this;
    }

    public object[] Values(string column) => [.. Output.Events.Where(frame => frame.Count > 0).SelectMany(frame => frame.Values(column))];
}
