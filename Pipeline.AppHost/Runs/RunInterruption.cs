using System.Globalization;
using System.Runtime.InteropServices;
using Pipeline.AppHost.Configuration;

namespace Pipeline.AppHost.Runs;

/// <summary>Brings a run to a checkpoint before the pipeline goes down, where that is a matter of seconds, and says how to go on with it.</summary>
internal sealed class RunInterruption(RunPlan plan, PipelineDirectories directories, TimeProvider time)
{
    /// <summary>How long a run may take to its checkpoint; without one it goes on from the last.</summary>
    internal static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(5);

    /// <summary>Drains a run; a second Ctrl-C breaks that off.</summary>
    /// <param name="run">As it was last seen.</param>
    /// <returns>As it is now.</returns>
    public async Task<RunView> DrainAsync(RunView run)
    {
        using var patience = new CancellationTokenSource(DrainTime, time);
        using var again = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal =>
        {
            signal.Cancel = true;
            patience.Cancel();
        });
        await Console.Error.WriteLineAsync($"interrupted: run {run.Id} goes to a checkpoint; another Ctrl-C does not wait for it");
        using var client = new OrchestratorClient(plan.Orchestrator.Url, plan.Key);
        try
        {
            await AskAsync(client, run.Id, patience.Token);
            await foreach (var view in client.FollowAsync(run.Id, patience.Token))
                run = view;
        }
        catch (Exception exception) when (exception is OperationCanceledException or HttpRequestException or IOException)
        {
            // It stays as it is, and goes on from its last checkpoint.
        }

        return run;
    }

    /// <summary>What became of a run, once its orchestrator is down: that may have brought it further.</summary>
    /// <exception cref="PipelineException">It cannot be read.</exception>
    public string Describe(string run)
    {
        var stored = StoredRun.Read(directories.Data, run);
        return stored.State == "completed"
            ? $"run {run} is completed all the same; results: {stored.Output}"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"""
                run {run} was interrupted after {stored.Progress?.Lines ?? 0:N0} lines; nothing is lost. Go on with:
                  {plan.Command.ToResume(run)}
                """);
    }

    private static async Task AskAsync(OrchestratorClient client, string run, CancellationToken cancellationToken)
    {
        try
        {
            await client.PauseAsync(run, cancellationToken);
        }
        catch (PipelineException)
        {
            // It has come to rest by itself; following it tells how.
        }
    }
}
