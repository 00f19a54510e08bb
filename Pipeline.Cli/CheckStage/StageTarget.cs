using Pipeline.Contracts.V1;

namespace Pipeline.Cli.CheckStage;

/// <summary>The stage that is checked.</summary>
/// <param name="Address">Where it listens.</param>
/// <param name="Role">What it does in a pipeline: parse, rules, aggregate, or a role of the user's own.</param>
/// <param name="Key">That its pipeline shares.</param>
/// <param name="PassesThrough">Of a role of the user's own: it changes no results.</param>
internal sealed record StageTarget(Uri Address, string Role, string Key, bool PassesThrough)
{
    /// <summary>Why there are no checks for a role; null: there are.</summary>
    public static string? WhyNot(string role) => role switch
    {
        "ingest" => "ingest is the first stage: it takes no batches but reads files, and is checked by a run through it",
        "sink" => "sink is the last stage: it hands nothing on but writes files, and is checked by a run through it",
        _ => null,
    };

    /// <summary>Whether a role is none of Pipeline's.</summary>
    public static bool IsOwnRole(string role) => role is not ("parse" or "rules" or "aggregate");

    /// <summary>As the path of an attempt names it, and as its figures tell if it has some.</summary>
    public string InstanceId { get; set; } = "stage-under-check";

    /// <summary>It takes lines; all others take events and work items.</summary>
    public bool TakesLines => Role == "parse";

    /// <summary>It keeps events, and adds its state to checkpoints.</summary>
    public bool Aggregates => Role == "aggregate";

    /// <summary>It applies the run's rules.</summary>
    public bool AppliesRules => Role == "rules";

    /// <summary>None of Pipeline's roles: it stands between rules and aggregate.</summary>
    public bool IsOwn => IsOwnRole(Role);

    /// <summary>The hop above, as which check-stage calls.</summary>
    public Hop Above => new()
    {
        InstanceId = "check-above",
        Role = TakesLines ? "ingest" : AppliesRules ? "parse" : "rules",
        Address = "http://127.0.0.1:1",
    };

    /// <summary>The stage itself as a hop of the attempt.</summary>
    public Hop Self => new() { InstanceId = InstanceId, Role = Role, Address = Address.GetLeftPart(UriPartial.Authority) };

    /// <summary>Role of the hop below, as which check-stage serves.</summary>
    public string RoleBelow => TakesLines ? "rules" : Aggregates ? "sink" : "aggregate";
}
