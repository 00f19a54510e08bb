using System.CommandLine;
using System.CommandLine.Help;
using System.Runtime.InteropServices;
using Pipeline.Bench.Micro;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.Bench.Cli;

/// <summary>The command line: docs/benchmarks.md describes it.</summary>
internal static class BenchCommand
{
    private const int Ok = 0;
    private const int Failed = 1;
    private const int Usage = 2;
    private const int Interrupted = 130;

    /// <summary>Carries it out.</summary>
    /// <returns>0 done, 1 failed, 2 wrong options, 130 interrupted.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var set = new OptionSet();
        var parsed = Build(set).Parse(args);
        var errors = parsed.Errors.Select(error => error.Message).ToList();
        if (errors.Count == 0)
            errors.AddRange(set.ConflictsIn(parsed));
        if (errors.Count > 0 && parsed.Action is not HelpAction)
        {
            foreach (var error in errors)
                Console.Error.WriteLine($"error: {error}");
            Console.Error.WriteLine("see: --help");
            return Usage;
        }

        var interrupts = new Interrupts(TimeProvider.System);
        using var interrupt = new CancellationTokenSource();
        using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
        using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
        using var onHangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Interrupt);
        try
        {
            var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return await parsed.InvokeAsync(configuration, interrupt.Token);
        }
        catch (OperationCanceledException) when (interrupt.IsCancellationRequested)
        {
            Console.Error.WriteLine("error: interrupted");
            return Interrupted;
        }
        catch (Exception error)
        {
            Console.Error.WriteLine($"error: {(error is BenchException ? error.Message : error)}");
            return Failed;
        }

        void Interrupt(PosixSignalContext signal)
        {
            // The second one ends the process as usual, and the guard what it has started.
            signal.Cancel = !interrupts.IsAnother();
            interrupt.Cancel();
        }
    }

    private static RootCommand Build(OptionSet set)
    {
        var root = new RootCommand("Runs the split pipeline, its monolith and DuckDB on the same input, and reports what each takes.");
        set.AddTo(root);
        root.SetAction(async (parsed, cancellationToken) =>
        {
            await set.ModeOf(parsed).RunAsync(cancellationToken);
            return Ok;
        });
        root.Subcommands.Add(MicroCommand.Build());
        return root;
    }
}
