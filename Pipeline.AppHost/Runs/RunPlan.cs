namespace Pipeline.AppHost.Runs;

/// <summary>The run that this start makes.</summary>
/// <param name="Input">Of a new run; absolute.</param>
/// <param name="Command">What the user asks for.</param>
/// <param name="SampleWriter">The resource that writes the input first, if any does.</param>
/// <param name="Orchestrator">Where the run is asked for.</param>
/// <param name="Key">What is shown there.</param>
internal sealed record RunPlan(
    string Input,
    PipelineCommand Command,
    string? SampleWriter,
    EndpointReference Orchestrator,
    string Key);

/// <summary>How the AppHost ends.</summary>
internal sealed class RunOutcome
{
    public int ExitCode { get; set; }

    /// <summary>What is said when all is down: only then it is known what became of a run, and it is the last that the user sees.</summary>
    public Func<(string Text, bool Completed)>? LastWord { get; set; }
}
