using System.CommandLine;
using Pipeline.Client.Runs;

namespace Pipeline.Cli;

/// <summary>run: makes a run and stays with it to its end.</summary>
internal static class RunCommand
{
    /// <summary>The command.</summary>
    public static Command Build(CommandContext context)
    {
        var options = new RunOptionSet();
        var monolith = new Option<bool>("--monolith") { Description = "Run all stages in this process; no pipeline is needed" };
        var threads = OptionKinds.Whole("--threads", "Batches that --monolith parses at once", 1, MonolithRun.MaxThreads, 1);
        var detach = new Option<bool>("--detach") { Description = "Start the run and print its id; do not wait for it" };
        var check = new Option<bool>("--check")
        {
            Description = "Check the options and the files, and the rules where a pipeline is up or with --monolith; start nothing",
        };
        // The settings, as the check has read them.
        var given = new RunSettings();
        var command = new CheckedCommand("run", "Run a file or directory of NDJSON through the pipeline that is up", CheckOptionsAsync)
        {
            monolith, threads, detach, check, context.Markdown,
        };
        foreach (var option in options.All)
            command.Options.Add(option);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var format = context.FormatOf(parsed);
            var alone = new MonolithRun(context, format, (int)parsed.GetValue(threads));
            if (parsed.GetValue(check))
            {
                await (parsed.GetValue(monolith) ? alone.CheckAsync(given, cancellationToken) : CheckAsync(context, given, cancellationToken));
                if (format == ReportFormat.Json)
                    context.Terminal.WriteJson(given, RunJson.Default.RunSettings);
                return ExitCodes.Ok;
            }

            var follower = new RunFollower(context, format);
            if (parsed.GetValue(monolith))
            {
                return options.WritesToStandardOutput(parsed)
                    ? await alone.WriteAsync(given, cancellationToken)
                    : follower.End(await alone.RunAsync(given, cancellationToken), isStored: false);
            }

            using var client = context.Connect();
            await client.WaitUntilUpAsync(context.Time, context.Terminal.Error.WriteLine, cancellationToken);
            // Not to be cancelled: the run may be there before its answer is, and would go on unseen.
            var run = await client.StartAsync(given, CancellationToken.None);
            if (parsed.GetValue(detach))
                return ReportDetached(context.Terminal, run, format);
            context.Terminal.Error.WriteLine($"run {run.Id} over {run.Input}");
            return await follower.FollowAsync(client, run.Id, cancellationToken);
        });
        return command;

        async Task<IReadOnlyList<string>> CheckOptionsAsync(ParseResult parsed, CancellationToken cancellationToken)
        {
            var errors = new List<string>();
            given = Read(parsed, errors);
            var alone = CheckedCommand.ValueOr(parsed, monolith, false);
            IReadOnlyList<string> reported = [.. CheckedCommand.ParserErrors(parsed), .. errors];
            // Where all is well so far, the orchestrator tells what is wrong when it is to make the run.
            if (reported.Count == 0 && !alone)
                return errors;
            // Which columns there are depends on the rules.
            if (reported.Any(error => CheckedCommand.IsAbout(error, "--rules")))
                return errors;
            var more = alone ? MonolithRun.Check(given).Select(RunOptionSet.Describe) : await AskAsync(context, given, cancellationToken);
            return [.. errors, .. CheckedCommand.ExceptReported(more, reported)];
        }

        RunSettings Read(ParseResult parsed, List<string> errors)
        {
            var settings = options.Read(parsed, errors);
            var toStandardOutput = options.WritesToStandardOutput(parsed);
            var alone = CheckedCommand.ValueOr(parsed, monolith, false);
            if (alone && settings.Route.Count > 0)
                errors.Add("--route: the monolith always goes through its own five stages");
            if (alone && settings.AllowUpgrade)
                errors.Add("--allow-upgrade: nothing can take over from the stages of the monolith");
            if (alone && settings.Partitions != 1)
                errors.Add("--partitions: the monolith does not split its input; --threads has it parse several batches at once");
            if (alone && CheckedCommand.ValueOr(parsed, detach, false))
                errors.Add("--detach: the monolith runs in this process, and ends with it");
            if (!alone && CheckedCommand.ValueOr(parsed, threads, 1) != 1)
                errors.Add("--threads: only --monolith parses several batches at once in one process; --partitions splits the input");
            if (settings.Input == Terminal.StandardStream && !alone)
            {
                errors.Add(
                    "--input: another process reads the input, and cannot read this standard input; save it to a file first, or use --monolith");
            }

            if (toStandardOutput && !alone)
            {
                errors.Add(
                    "--output: another process writes the results, and cannot write them to this standard output; name a file, or use --monolith");
            }
            else if (toStandardOutput && context.FormatOf(parsed) != ReportFormat.Text && !CheckedCommand.ValueOr(parsed, check, false))
            {
                errors.Add("--output: the results go to standard output, and so would the report; name a file for the results");
            }
            else if (alone && !toStandardOutput && settings.Output is null)
            {
                errors.Add("--output is needed with --monolith: there is no run's folder");
            }

            if (CheckedCommand.ValueOr(parsed, check, false) && CheckedCommand.ValueOr(parsed, detach, false))
                errors.Add("--detach: --check starts nothing that could go on by itself");
            return settings;
        }
    }

    private static async Task CheckAsync(CommandContext context, RunSettings settings, CancellationToken cancellationToken)
    {
        try
        {
            using var client = context.Connect();
            if (await client.CheckAsync(settings, cancellationToken) is { Missing: var roles })
                context.Terminal.Error.WriteLine($"not checked by {string.Join(", ", roles)}: no instance is up; its errors would be told when the run opens");
        }
        catch (RunsApiException error) when (ExitCodes.Of(error) == ExitCodes.NoPipeline)
        {
            context.Terminal.Error.WriteLine($"only the options were checked: {error.Message}");
        }
    }

    // What the orchestrator would refuse of the options. Any other failure is reported when it is asked for the run.
    private static async Task<IEnumerable<string>> AskAsync(CommandContext context, RunSettings settings, CancellationToken cancellationToken)
    {
        try
        {
            using var client = context.Connect();
            await client.CheckAsync(settings, cancellationToken);
            return [];
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            return error switch
            {
                RunsApiException refused => refused.Fields.Select(RunOptionSet.Describe),
                CliException misuse => [misuse.Message],
                _ => [],
            };
        }
    }

    /// <summary>Reports a run that goes on by itself.</summary>
    /// <returns>The exit code.</returns>
    public static int ReportDetached(Terminal terminal, Run run, ReportFormat format)
    {
        if (format == ReportFormat.Json)
            terminal.WriteJson(run, RunJson.Default.Run);
        else
            terminal.Output.WriteLine(run.Id);
        return ExitCodes.Ok;
    }
}
