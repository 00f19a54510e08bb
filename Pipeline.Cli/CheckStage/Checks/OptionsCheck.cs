using Pipeline.Cli.CheckStage.Hops;
using Pipeline.Cli.CheckStage.Messages;
using Pipeline.Client.Channels;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;

namespace Pipeline.Cli.CheckStage.Checks;

/// <summary>Options that are the role's are honoured or refused, and never left out.</summary>
internal static class OptionsCheck
{
    private const int Events = 30;
    private const string WrongRules = """{"rules":[{"drop":"no_such_function(value)"}]}""";
    private const string OtherRules = """{"rules":[{"drop":"user == 'u3'"}]}""";

    /// <summary>By role.</summary>
    public static Task RunAsync(CheckRun run) => run.Target switch
    {
        { AppliesRules: true } => RulesAsync(run),
        { Aggregates: true } => RefusedAsync(run, "group_by with a column named twice", options => options.GroupBy.Add(ColumnNames.Type)),
        { TakesLines: true } => AllowedTypesAsync(run),
        _ => Skip(run),
    };

    private static Task Skip(CheckRun run)
    {
        run.Skipped = $"nothing in the options of a run is known to be for {run.Target.Role}";
        return Task.CompletedTask;
    }

    private static async Task RulesAsync(CheckRun run)
    {
        await RefusedAsync(run, $"the rules {WrongRules}", options => options.Rules = WrongRules);
        await RefusedAsync(
            run,
            "group_by with a column that neither events nor rules have",
            options => options.GroupBy.Add("no_such_column"),
            ColumnNames.Type,
            "no_such_column");
        var open = Opening.Of(run);
        open.Options.Rules = OtherRules;
        var expected = Enumerable.Range(1, Events).Count(line => EventBatches.UserOf(line) != "u3");
        run.Step(
            $"OpenRun with the rules {OtherRules}, then {Events} events of ten users",
            $"a refusal with invalid_rules or invalid_options, or {expected} events + {Events - expected} filtered", ContractText.Options);
        Attempt attempt;
        try
        {
            attempt = await run.OpenAsync(open);
        }
        catch (Grpc.Core.RpcException refusal) when (IsRefusal(refusal))
        {
            return;
        }

        using (attempt)
        {
            var tally = await TallyAsync(attempt);
            run.Require(tally.Events == expected && tally.Filtered == Events - expected, tally.ToString());
        }
    }

    private static async Task AllowedTypesAsync(CheckRun run)
    {
        var open = Opening.Of(run);
        open.Options.AllowedTypes.Add("click");
        var expected = Enumerable.Range(1, Events).Count(line => EventBatches.TypeOf(line) == "click");
        run.Step(
            $"OpenRun with allowed_types [click], then {Events} lines of three types",
            $"{expected} events + {Events - expected} rejected",
            ContractText.Options);
        using var attempt = await run.OpenAsync(open);
        var tally = await TallyAsync(attempt);
        run.Require(tally.Events == expected && tally.Rejected == Events - expected, tally.ToString());
    }

    private static async Task RefusedAsync(CheckRun run, string sent, Action<RunOptions> spoil, params string[] columns)
    {
        var open = Opening.Of(run);
        spoil(open.Options);
        run.Step($"OpenRun with {sent}", "the call fails with the failure invalid_rules or invalid_options", ContractText.Options);
        var refusal = await Refusal.OfAsync(
            run,
            new StageInput { OpenRun = open },
            call => call.WriteAsync(new StageOutput { RunOpened = Opening.Answer(run.Target, columns) }));
        run.Require(IsRefusal(refusal), CheckRun.Describe(refusal));
    }

    private static bool IsRefusal(Grpc.Core.RpcException refusal) =>
        Failures.Carried(refusal)?.Reason is FailureReasons.InvalidRules or FailureReasons.InvalidOptions;

    private static async Task<Tally> TallyAsync(Attempt attempt)
    {
        var tally = new Tally();
        (await attempt.PassAsync([attempt.Traffic.Events(Events)])).Taken.ForEach(tally.Add);
        return tally;
    }
}
