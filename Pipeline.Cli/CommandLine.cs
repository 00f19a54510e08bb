using System.CommandLine;
using System.CommandLine.Help;
using System.Runtime.InteropServices;
using Pipeline.Cli.CheckStage;
using Pipeline.Client.Runs;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.Cli;

/// <summary>The command line: docs/cli.md describes it.</summary>
internal static class CommandLine
{
    /// <summary>Carries out a command line.</summary>
    /// <returns>The exit code.</returns>
    public static Task<int> RunAsync(string[] args)
    {
        StandardStreams.Guard(outputMatters: true);
        return RunAsync(args, Terminal.System, Environment.GetEnvironmentVariable);
    }

    /// <summary>Carries out a command line.</summary>
    /// <param name="args">Arguments.</param>
    /// <param name="terminal">Where to write.</param>
    /// <param name="environment">Reads a variable of the environment.</param>
    /// <param name="cancellationToken">Stands for Ctrl-C, beside the signal itself.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(
        string[] args, Terminal terminal, Func<string, string?> environment, CancellationToken cancellationToken = default)
    {
        var parsed = Build(terminal, environment).Parse(args);
        var interrupts = new Interrupts(TimeProvider.System);
        using var interrupt = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
        AppHostWatch.Start(interrupt.Cancel);
        using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
        using var onHangUp = new HangUp(interrupt.Cancel);
        try
        {
            if (parsed.Action is not HelpAction && await CheckedCommand.ErrorsOfAsync(parsed, interrupt.Token) is { Count: > 0 } errors)
            {
                foreach (var error in errors)
                    terminal.Error.WriteLine($"error: {error}");
                if (parsed.Errors.Count > 0)
                    terminal.Error.WriteLine(parsed.CommandResult.Command is RootCommand ? "see: --help" : $"see: {parsed.CommandResult.Command.Name} --help");
                return ExitCodes.Usage;
            }

            var configuration = new InvocationConfiguration
            {
                Output = terminal.Output.Writer,
                Error = terminal.Error.Writer,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            };
            return await parsed.InvokeAsync(configuration, interrupt.Token);
        }
        catch (Exception error) when (StandardStreams.IsUnread(error))
        {
            // Whoever read it has had enough, as of `| head`: to them it is no error.
            return ExitCodes.Failed;
        }
        catch (Exception error) when (error is CliException or RunsApiException)
        {
            // The orchestrator names fields of its API.
            var lines = error is RunsApiException { Fields: { Count: > 0 } fields }
                ? fields.Select(RunOptionSet.Describe)
                : error.Message.Split('\n');
            foreach (var line in lines)
                terminal.Error.WriteLine($"error: {line}");
            return ExitCodes.Of(error);
        }
        catch (OperationCanceledException) when (interrupt.IsCancellationRequested)
        {
            terminal.Error.WriteLine("error: interrupted");
            return ExitCodes.Interrupted;
        }
        catch (Exception error)
        {
            terminal.Error.WriteLine($"error: {error.Message} ({error.GetType().Name})");
            return ExitCodes.Failed;
        }

        void Interrupt(PosixSignalContext signal)
        {
            // The second one ends the process as usual.
            signal.Cancel = !interrupts.IsAnother();
            interrupt.Cancel();
        }
    }

    private static RootCommand Build(Terminal terminal, Func<string, string?> environment)
    {
        var json = new Option<bool>("--json") { Description = "Write JSON, for scripts", Recursive = true };
        var markdown = new Option<bool>("--markdown") { Description = "Report the run as Markdown" };
        json.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<bool>() && result.GetResult(markdown) is { } other && other.GetValueOrDefault<bool>())
                result.AddError("--json: a report is either JSON or, with --markdown, Markdown; name one of them");
        });
        var context = new CommandContext(terminal, environment, json, markdown, TimeProvider.System);
        var root = new RootCommand("Runs NDJSON through the pipeline.")
        {
            json,
            GenerateCommand.Build(terminal, json),
            RunCommand.Build(context),
            TopologyCommand.Build(context),
            TopCommand.Build(context),
            PageCommand.Build(context),
            CheckStageCommand.Build(context),
        };
        foreach (var command in RunsCommands.Build(context).Concat(StageCommands.Build(context)))
            root.Subcommands.Add(command);
        return root;
    }
}
