using System.ComponentModel.DataAnnotations;
using Pipeline.Client.Runs;

namespace Pipeline.Orchestrator.Runs;

/// <summary>How runs are carried out; section "Orchestrator".</summary>
internal sealed class CoordinatorOptions : IValidatableObject
{
    /// <summary>Section of the configuration.</summary>
    public const string Section = "Orchestrator";

    /// <summary>
    /// The route of every run, first stage first: 2 to 16 roles, each once, as in a run's own. Bridges are roles too and stand between those that
    /// they connect.
    /// </summary>
    /// <value>Empty = ingest, parse, rules, aggregate, sink.</value>
    public IList<string> Roles { get; set; } = [];

    /// <summary><see cref="Roles"/>, or the default ones.</summary>
    public IReadOnlyList<string> Route => Roles.Count > 0 ? [.. Roles] : DefaultRoles;

    /// <summary>The route of a run: its own, or <see cref="Route"/>.</summary>
    public IReadOnlyList<string> RouteOf(RunSettings settings) => settings.Route.Count > 0 ? settings.Route : Route;

    /// <summary>The route of a run's attempts: its own, or <see cref="Route"/>; of a partitioned run the last stage, which merges.</summary>
    public IReadOnlyList<string> RouteOf(Run run) => run.Slices.Count > 0 ? [RouteOf(run.Options)[^1]] : RouteOf(run.Options);

    /// <summary>Longest wait for a role without instance, after which the run fails (and can be resumed): 1 s to 24 h.</summary>
    /// <value>Default 2 min.</value>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan RouteTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Longest time for an attempt to be opened down to the last stage, and for each page of a large state: 1 s to 1 h.</summary>
    /// <value>Default 40 s: more than a stage gives the one below it, whose failure says more.</value>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan OpenTimeout { get; set; } = TimeSpan.FromSeconds(40);

    /// <summary>Longest time for an attempt to drain to a checkpoint, after which it is broken off at its last one: 100 ms to 1 h.</summary>
    /// <value>Default 10 s.</value>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest time for all runs to drain when the orchestrator stops: 0 to 1 min. A host kills what has not stopped after 6 s.</summary>
    /// <value>Default 3 s.</value>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>Time without progress after which a run says so, in its state, its metrics and the log: 1 s to 1 h.</summary>
    /// <value>Default 30 s: stages report every second, and a healthy one gets on with each report.</value>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan StallWarning { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Time without progress after which an attempt is ended, to be followed by another: 0 to 24 h.</summary>
    /// <value>Default 0 = none: a slow stage is not a broken one.</value>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan StallTimeout { get; set; }

    /// <summary>Attempts in a row without a new checkpoint, after which the run fails (and can be resumed): 1 to 1,000.</summary>
    /// <value>Default 10.</value>
    [Range(1, 1_000)]
    public int MaxFruitlessAttempts { get; set; } = 10;

    /// <summary>Runs that are worked on at once; others wait for their turn: 1 to 1,000. Each has a connection to each of its stages.</summary>
    /// <value>Default 4.</value>
    [Range(1, 1_000)]
    public int MaxActiveRuns { get; set; } = 4;

    /// <summary>Slices of partitioned runs that this machine works on at once: 0 to 1,024. Each has a connection to each of its stages.</summary>
    /// <value>Default 0 = as many as it has cores, and no more than a stage has room for.</value>
    [Range(0, 1_024)]
    public int Lanes { get; set; }

    /// <summary><see cref="Lanes"/>, or as many as the cores of this machine make.</summary>
    public int LanesOrCores => LanesOf(Environment.ProcessorCount);

    /// <summary><see cref="Lanes"/>, or the cores: at most 48, since a stage takes 64 connections, those of other runs and health checks too.</summary>
    internal int LanesOf(int cores) => Lanes > 0 ? Lanes : Math.Min(cores, 48);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => RunSettingsCheck.CheckRoute(nameof(Roles), [.. Roles])
        .Select(error => new ValidationResult($"{error.Field} {error.Message}", [nameof(Roles)]));

    /// <summary>The roles of Pipeline's own stages, first to last.</summary>
    public static IReadOnlyList<string> DefaultRoles { get; } = ["ingest", "parse", "rules", "aggregate", "sink"];
}
