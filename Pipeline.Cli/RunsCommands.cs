using System.CommandLine;
using System.Globalization;
using Pipeline.Client.Runs;

namespace Pipeline.Cli;

/// <summary>runs, show, cancel, pause, resume, delete.</summary>
internal static class RunsCommands
{
    /// <summary>The commands.</summary>
    public static IEnumerable<Command> Build(CommandContext context) =>
    [
        Runs(context),
        Show(context),
        Stop(context, "cancel", "Drain a run to a checkpoint, and give it up", RunState.Cancelled, (client, run, token) => client.CancelAsync(run, token)),
        Stop(context, "pause", "Drain a run to a checkpoint, to go on later", RunState.Paused, (client, run, token) => client.PauseAsync(run, token)),
        Resume(context),
        Delete(context),
    ];

    private static Command Runs(CommandContext context)
    {
        var command = new Command("runs", "List all runs, newest first");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = context.Connect();
            var runs = await client.ListAsync(cancellationToken);
            if (parsed.GetValue(context.Json))
                context.Terminal.WriteJson(runs, RunJson.Default.IReadOnlyListRun);
            else
                WriteList(context.Terminal, runs);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command Show(CommandContext context)
    {
        var id = Id();
        var command = new Command("show", "Show one run: counts, figures of each stage, the edge that waits, its attempts") { id, context.Markdown };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = context.Connect();
            var run = await client.GetAsync(parsed.GetRequiredValue(id), cancellationToken);
            var format = context.FormatOf(parsed);
            if (format == ReportFormat.Text)
                RunReport.WriteAll(context.Terminal, run);
            else
                RunReport.Write(context.Terminal, run, format);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command Stop(
        CommandContext context, string verb, string description, RunState rest, Func<RunsClient, string, CancellationToken, Task<Run>> stop)
    {
        var id = Id();
        var command = new Command(verb, description) { id, context.Markdown };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var format = context.FormatOf(parsed);
            using var client = context.Connect();
            var run = await stop(client, parsed.GetRequiredValue(id), cancellationToken);
            if (run.State.IsActive())
            {
                var display = new RunDisplay(context.Terminal, quiet: format != ReportFormat.Text, context.Time);
                run = await display.ShowAsync(client.FollowAsync(run.Id, cancellationToken)) ?? run;
            }

            return new RunFollower(context, format).EndStopped(run, rest);
        });
        return command;
    }

    private static Command Resume(CommandContext context)
    {
        var id = Id();
        var detach = new Option<bool>("--detach") { Description = "Do not wait for the run" };
        var allowUpgrade = new Option<bool>("--allow-upgrade")
        {
            Description = "Let other implementations take over than the run began with; also for a run that waits for those",
        };
        var command = new Command("resume", "Go on with a run from its last committed checkpoint") { id, detach, allowUpgrade, context.Markdown };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var format = context.FormatOf(parsed);
            using var client = context.Connect();
            await client.WaitUntilUpAsync(context.Time, context.Terminal.Error.WriteLine, cancellationToken);
            var run = await client.ResumeAsync(parsed.GetRequiredValue(id), parsed.GetValue(allowUpgrade), CancellationToken.None);
            if (!parsed.GetValue(detach))
                return await new RunFollower(context, format).FollowAsync(client, run.Id, cancellationToken);
            return RunCommand.ReportDetached(context.Terminal, run, format);
        });
        return command;
    }

    private static Command Delete(CommandContext context)
    {
        var id = Id();
        var command = new Command("delete", "Delete a run that rests, with all that is in its folder") { id };
        context.RefuseJson(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = context.Connect();
            var run = parsed.GetRequiredValue(id);
            await client.DeleteAsync(run, cancellationToken);
            context.Terminal.Output.WriteLine($"run {run} deleted");
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Argument<string> Id() => OptionKinds.NotBlank("RUN", "Id of a run, as runs lists it", "the id of a run, as runs lists it");

    private static void WriteList(Terminal terminal, IReadOnlyList<Run> runs)
    {
        if (runs.Count == 0)
        {
            terminal.Output.WriteLine("no runs yet");
            return;
        }

        var rows = new List<string[]> { new[] { "run", "state", "attempts", "lines", "created", "input" } };
        rows.AddRange(runs.Select(run => new[]
        {
            run.Id,
            run.WaitingBriefly is null ? run.State.ToText() : $"waiting for {run.WaitingBriefly}",
            run.Attempts.ToString(CultureInfo.InvariantCulture),
            run.Progress.Lines.ToString("N0", CultureInfo.InvariantCulture),
            Client.Views.Show.Time(run.Created),
            run.Input,
        }));
        terminal.WriteTable(rows, "input", "attempts", "created");
    }
}
