using System.CommandLine;
using Pipeline.Client.Runs;

namespace Pipeline.Cli;

/// <summary>stop, replace: who is to leave while runs go on.</summary>
internal static class StageCommands
{
    /// <summary>The commands.</summary>
    public static IEnumerable<Command> Build(CommandContext context) => [Stop(context), Replace(context)];

    private static Command Stop(CommandContext context)
    {
        var name = OptionKinds.NotBlank(
            "ROLE|INSTANCE", "An instance, as topology lists it, or the role of the only one", "an instance or a role, as topology lists them");
        const string description = "Take an instance out: runs drain, and go on with another; then its process is asked to end";
        var command = new Command("stop", description) { name };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = context.Connect();
            var stopped = await client.StopStageAsync(parsed.GetRequiredValue(name), cancellationToken);
            if (context.FormatOf(parsed) == ReportFormat.Json)
                context.Terminal.WriteJson(stopped, TopologyJson.Default.StoppedInstance);
            else
                Write(context.Terminal, stopped, []);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command Replace(CommandContext context)
    {
        var role = OptionKinds.NotBlank("ROLE", "A role, such as rules", "a role, such as rules");
        var with = OptionKinds.NotBlank(
            "--with", "An instance of the implementation that is to take over. Default: the only other one that is up",
            "an instance, as topology lists it", "INSTANCE");
        var stopOld = new Option<bool>("--stop-old") { Description = "Take the instances of the other implementations out, as stop does" };
        const string description = "Have another implementation take over a role in all active runs, at a checkpoint";
        var command = new Command("replace", description) { role, with, stopOld };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = context.Connect();
            var replaced = await client.ReplaceStageAsync(
                parsed.GetRequiredValue(role), parsed.GetValue(with), parsed.GetValue(stopOld), cancellationToken);
            if (context.FormatOf(parsed) == ReportFormat.Json)
                context.Terminal.WriteJson(replaced, TopologyJson.Default.ReplacedRole);
            else
                Write(context.Terminal, replaced);
            return replaced.Stopped.All(stopped => stopped.TakenOut) ? ExitCodes.Ok : ExitCodes.Failed;
        });
        return command;
    }

    private static void Write(Terminal terminal, ReplacedRole replaced)
    {
        var name = $"{replaced.Implementation.Role}: {replaced.Implementation} ({string.Join(", ", replaced.Instances)})";
        terminal.Output.WriteLine(replaced.Runs.Count > 0
            ? $"{name} takes over in {string.Join(", ", replaced.Runs)}"
            : $"{name}: nothing to do, no active run goes through another implementation");
        foreach (var stopped in replaced.Stopped)
            Write(terminal, stopped, replaced.Runs);
    }

    private static void Write(Terminal terminal, StoppedInstance stopped, IEnumerable<string> moved)
    {
        var waiting = string.Join(", ", stopped.Runs.Except(moved));
        var drained = stopped.Drained ? "is out, no run goes through it any more" : stopped.TakenOut ? "is not drained" : "was not taken out";
        terminal.Output.WriteLine($"{stopped.InstanceId} ({stopped.Implementation}) {drained}; {stopped.Message}");
        if (waiting.Length > 0)
            terminal.Output.WriteLine($"to go on with another instance as soon as one is up: {waiting}");
    }
}
