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
        // Not disposed: a Ctrl-C that is under way when this returns still cancels it.
        var patience = new CancellationTokenSource(DrainTime, time);
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
    /// <param name="run">Its id.</param>
    /// <returns>The text, and whether the run is completed.</returns>
    public (string Text, bool Completed) Describe(string run)
    {
        var goOn = GoOnWith(plan.Command.ToResume(run));
        try
        {
            var stored = StoredRun.Read(directories.Data, run);
            return stored.State switch
            {
                "completed" => ($"run {run} is completed all the same; results: {stored.Output}", true),
                "failed" => ($"error: {stored.WhyFailed}; {goOn}", false),
                _ => (string.Create(CultureInfo.InvariantCulture, $"run {run} was interrupted after {stored.Progress?.Lines ?? 0:N0} lines; {goOn}"), false),
            };
        }
        catch (Exception exception) when (exception is PipelineException or IOException or UnauthorizedAccessException)
        {
            return ($"run {run} was interrupted ({exception.Message}); {goOn}", false);
        }
    }

    /// <summary>How to go on with a run that somebody else stopped: with --exit nobody is left whom the command line could ask.</summary>
    /// <param name="run">Its id.</param>
    public string HowToGoOn(string run) =>
        GoOnWith(plan.Command.Exit ? plan.Command.ToResume(run) : $"dotnet run --project Pipeline.Orchestrator -- resume {run}");

    private static string GoOnWith(string command) => $"nothing is lost. Go on with:\n  {command}";

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
