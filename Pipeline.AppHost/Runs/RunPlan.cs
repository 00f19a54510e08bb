namespace Pipeline.AppHost.Runs;

/// <summary>The run that this start makes.</summary>
/// <param name="Input">Absolute.</param>
/// <param name="Output">Absolute; none means the run's folder.</param>
/// <param name="BatchSize">Lines per batch; 0 means as fits.</param>
/// <param name="Exit">Whether the AppHost stops after it.</param>
/// <param name="SampleWriter">The resource that writes the input first, if any does.</param>
/// <param name="Orchestrator">Where the run is asked for.</param>
/// <param name="Key">What is shown there.</param>
internal sealed record RunPlan(
    string Input,
    string? Output,
    int BatchSize,
    bool Exit,
    string? SampleWriter,
    EndpointReference Orchestrator,
    string Key);

/// <summary>How the AppHost ends.</summary>
internal sealed class RunOutcome
{
    public int ExitCode { get; set; }
}
