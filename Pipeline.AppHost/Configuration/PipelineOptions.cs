using Microsoft.Extensions.Options;
using Pipeline.AppHost.Supervision;

namespace Pipeline.AppHost.Configuration;

/// <summary>The section Pipeline of appsettings.json: what runs, where, and what happens when it ends.</summary>
internal sealed class PipelineOptions
{
    public const string Section = "Pipeline";

    /// <value>The data directory; a relative one is below the working directory. Default <c>data</c>.</value>
    public string Data { get; set; } = "data";

    /// <value>Directories besides the working directory and the data directory that may be read and written below.</value>
    public List<string> Roots { get; set; } = [];

    /// <value>The key that all services share; default a random one for each start.</value>
    public string? Key { get; set; }

    /// <value>Where the programs are installed for systemd: what <c>aspire do systemd</c> writes. Absolute; default <c>/opt/pipeline</c>.</value>
    public string Install { get; set; } = "/opt/pipeline";

    /// <value>Whether a start without <c>--input</c> makes a run over a generated sample. Default true.</value>
    public bool Demo { get; set; } = true;

    /// <value>Environment variables for every process.</value>
    public Dictionary<string, string?> Environment { get; set; } = [];

    /// <value>The pipeline's own services, by name.</value>
    public Dictionary<string, ServiceOptions> Services { get; set; } = new(StringComparer.OrdinalIgnoreCase);

    /// <value>Processes of the user's own, by name.</value>
    public Dictionary<string, ProcessOptions> Processes { get; set; } = new(StringComparer.OrdinalIgnoreCase);

    /// <value>How hung processes are found.</value>
    [ValidateObjectMembers]
    public LivenessOptions Liveness { get; set; } = new();

    /// <value>When processes that ended are started again.</value>
    [ValidateObjectMembers]
    public RestartOptions Restart { get; set; } = new();
}

/// <summary>What every program has, the pipeline's own or the user's.</summary>
internal abstract class ProgramOptions
{
    /// <value>Environment variables for it.</value>
    public Dictionary<string, string?> Environment { get; set; } = [];

    /// <value>When it is started again; what it does not set is as in <see cref="PipelineOptions.Restart"/>.</value>
    [ValidateObjectMembers]
    public RestartOptions Restart { get; set; } = new();
}

/// <summary>One of the pipeline's own services.</summary>
internal sealed class ServiceOptions : ProgramOptions
{
    /// <value>The port that others use, 1 to 65535; default any free one. The broker's is gRPC, the orchestrator's HTTP.</value>
    public int? Port { get; set; }

    /// <value>Processes side by side, up to 64; 0: another implementation is to be taken. Default 1; the broker and the orchestrator have one.</value>
    public int Replicas { get; set; } = 1;
}

/// <summary>A process of the user's own, in any language.</summary>
internal sealed class ProcessOptions : ProgramOptions
{
    /// <value>A path, or a name to be found on PATH.</value>
    public string Command { get; set; } = "";

    /// <value>
    /// The role of the stage whose work the program does as a pipeline.v1.Transform: a bridge of Pipeline starts it, and stands in the route. Default
    /// none: the program is a whole stage or a bridge itself, or no part of a route at all.
    /// </value>
    public string? Role { get; set; }

    /// <value>Where the program is a whole stage: its role, by which the dashboard's graph draws it in its place. Default none: it is drawn apart.</value>
    public string? Stage { get; set; }

    /// <value>A bridge of Pipeline that needs no program, in the place of the command: log or policy. It takes a role.</value>
    public string? BuiltIn { get; set; }

    /// <value>Its arguments.</value>
    public List<string> Arguments { get; set; } = [];

    /// <value>Where it runs; a relative one is below the AppHost's project. Default the AppHost's project.</value>
    public string Directory { get; set; } = ".";

    /// <summary>The settings of a bridge, as environment variables.</summary>
    /// <param name="role">The stage's.</param>
    /// <param name="folder">What a relative directory is below.</param>
    public IEnumerable<KeyValuePair<string, string?>> ToBridge(string role, string folder) =>
    [
        new("Bridge__Role", role),
        .. BuiltIn is null ? ToProgram(folder) : ToBuiltIn(role, BuiltIn),
    ];

    private IEnumerable<KeyValuePair<string, string?>> ToProgram(string folder) =>
    [
        new("Bridge__Command", Command),
        new("Bridge__Directory", Path.GetFullPath(Directory, folder)),
        .. Arguments.Select((argument, index) => new KeyValuePair<string, string?>($"Bridge__Arguments__{index}", argument)),
    ];

    private static IEnumerable<KeyValuePair<string, string?>> ToBuiltIn(string role, string bridge) =>
    [
        new("Bridge__BuiltIn", bridge),
        // What it logs is its work: that goes to the process's log, too, which has warnings only of the others.
        new($"Logging__LogLevel__Pipeline.Stages.{role}", "Information"),
    ];
}
