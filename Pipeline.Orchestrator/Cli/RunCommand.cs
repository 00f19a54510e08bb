using System.CommandLine;
using Pipeline.Orchestrator.Runs;

namespace Pipeline.Orchestrator.Cli;

/// <summary>run: makes a run and stays with it to its end.</summary>
internal static class RunCommand
{
    private static readonly TimeSpan PauseDeadline = TimeSpan.FromSeconds(15);

    /// <summary>The command.</summary>
    public static Command Build(CommandContext context)
    {
        var options = new RunOptionSet();
        var monolith = new Option<bool>("--monolith") { Description = "Run all stages in this process; no pipeline is needed" };
        var threads = OptionKinds.Whole("--threads", "Batches that --monolith parses at once", 1, MonolithRun.MaxThreads, 1);
        var detach = new Option<bool>("--detach") { Description = "Start the run and print its id; do not wait for it" };
        var command = new Command("run", "Run a file or directory of NDJSON through the pipeline that is up") { monolith, threads, detach };
        foreach (var option in options.All)
            command.Options.Add(option);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var settings = options.Read(parsed);
            var json = parsed.GetValue(context.Json);
            if (parsed.GetValue(monolith))
                return await MonolithRun.RunAsync(settings, (int)parsed.GetValue(threads), context, json, cancellationToken);
            using var client = PipelineClient.Connect(context.Environment);
            // Not to be broken off: the run may be there before its answer is, and would go on unseen.
            var run = await client.CreateAsync(settings, CancellationToken.None);
            if (parsed.GetValue(detach))
                return Told(context.Terminal, run, json);
            return await FollowAsync(client, run.Id, context, json, cancellationToken);
        });
        return command;
    }

    /// <summary>Stays with a run until it rests. Ctrl-C pauses it, so that it can be resumed.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> FollowAsync(PipelineClient client, string id, CommandContext context, bool json, CancellationToken cancellationToken)
    {
        var display = new RunDisplay(context.Terminal, json, context.Time);
        Run? run;
        try
        {
            run = await display.ShowAsync(client.FollowAsync(id, cancellationToken));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return await PauseAsync(client, id, context);
        }
        catch (CliException error) when (error.ExitCode == ExitCodes.NoPipeline)
        {
            throw WentAway(id, error);
        }

        if (run is null || run.State.IsActive())
            throw WentAway(id, null);
        return End(context.Terminal, run, json);
    }

    /// <summary>Tells how a run ended.</summary>
    /// <returns>The exit code.</returns>
    public static int End(Terminal terminal, Run run, bool json)
    {
        if (json)
            terminal.WriteJson(run, RunJson.Default.Run);
        else
            RunReport.WriteSummary(terminal, run);
        if (run.State == RunState.Completed)
            return ExitCodes.Ok;
        var why = run.State == RunState.Failed && run.Error is { } error ? $"{error.Reason}: {error.Message}" : $"it is {run.State.ToText()}";
        throw new CliException(ExitCodes.Failed, $"run {run.Id} did not complete: {why} (go on with: resume {run.Id})");
    }

    private static int Told(Terminal terminal, Run run, bool json)
    {
        if (json)
            terminal.WriteJson(run, RunJson.Default.Run);
        else
            terminal.Output.WriteLine(run.Id);
        return ExitCodes.Ok;
    }

    private static async Task<int> PauseAsync(PipelineClient client, string id, CommandContext context)
    {
        using var deadline = new CancellationTokenSource(PauseDeadline, context.Time);
        try
        {
            await client.ChangeAsync(id, "pause", deadline.Token);
            await foreach (var _ in client.FollowAsync(id, deadline.Token))
            {
                // Until it rests.
            }
        }
        catch (CliException error) when (error.ExitCode == ExitCodes.Failed)
        {
            // It has come to rest by itself meanwhile, as when the whole pipeline is interrupted.
            throw new CliException(ExitCodes.Interrupted, $"interrupted; {error.Message}: look with: show {id}", error);
        }
        catch (Exception error) when (error is CliException or OperationCanceledException)
        {
            throw new CliException(ExitCodes.Interrupted, $"run {id} could not be paused ({error.Message}): look with: show {id}", error);
        }

        throw new CliException(ExitCodes.Interrupted, $"interrupted; run {id} is paused, go on with: resume {id}");
    }

    private static CliException WentAway(string id, Exception? inner) =>
        new(ExitCodes.NoPipeline, $"the orchestrator went away; once the pipeline is up again, go on with: resume {id}", inner);
}
