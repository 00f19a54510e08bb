#pragma warning disable ASPIREPROCESSCOMMAND001 // WithProcessCommand is new in Aspire 13.6 and may change.
using System.Diagnostics;
using Pipeline.AppHost.Runs;
using Pipeline.Client.Runs;

namespace Pipeline.AppHost.Commands;

/// <summary>
/// Commands on the orchestrator that start and stop runs, and have implementations replaced. Each executes the command line's program, so
/// that options, errors and reports are the same in a terminal, in the dashboard and under <c>aspire resource</c>.
/// </summary>
internal sealed class RunCommands(string program, PipelineModel pipeline, IResourceBuilder<ProjectResource> orchestrator)
{
    private const string Error = "error: ";

    // Inputs that are an argument of the program; all else are options.
    private static readonly string[] Arguments = ["run", "role", "instance"];

    /// <summary>Adds run, pause, resume, cancel, replace, and the stop of an instance that Aspire has not started.</summary>
    public void Add()
    {
        Add("run", "Run...", "Play", "Makes a run over a file or directory of NDJSON, and shows its results.",
            Text("input", "Input", "A file, plain or .gz, or a directory of them", required: true),
            Text("output", "Output", "File for the results; default: results.ndjson in the run's folder"),
            Flag("overwrite", "Overwrite files that stand at the output"),
            Text("batch-size", "Batch size", "Lines per batch; default: auto"),
            Text("partitions", "Partitions", "Slices of the input, worked on at once, or auto; default: 1"),
            Text("group-by", "Group by", "Columns, such as type,user; default: type"),
            Text("rules", "Rules", "File of rules; default: the built-in ones"));
        Add("pause", "Pause...", "Pause", "Drains a run to a checkpoint, to resume it later.", Run(state => state.IsActive()));
        Add("resume", "Resume...", "ArrowClockwise", "Resumes a run from its last committed checkpoint.",
            Run(state => state.IsResumable()),
            Flag("allow-upgrade", "Let other implementations take over than the run began with"));
        Add("cancel", "Cancel...", "Dismiss", "Drains a run to a checkpoint, and gives it up.", Run(state => state.IsCancellable()));
        Add("replace", "Replace a stage...", "ArrowSwap",
            "Has another implementation take over a role in all active runs, at a checkpoint.",
            Text("role", "Role", "Such as rules", required: true),
            Text("with", "With", "An instance of the new implementation; default: the only other one that is up"),
            Flag("stop-old", "Take the instances of the other implementations out"));
        // Aspire's own command, Stop, has the name; it stops what Aspire has started, and drains runs, too.
        Add("stop", "Stop an instance...", "PlugDisconnected", "Takes an instance out that was not started here: runs go on with another.",
            Text("instance", "Instance", "As topology lists it, or the role of the only one", required: true));
    }

    private static InteractionInput Text(string name, string label, string placeholder, bool required = false) => new()
    {
        Name = name,
        Label = label,
        InputType = InputType.Text,
        Placeholder = placeholder,
        Required = required,
    };

    private static InteractionInput Flag(string name, string label) => new() { Name = name, Label = label, InputType = InputType.Boolean };

    private InteractionInput Run(Func<RunState, bool> isOffered) => new()
    {
        Name = "run",
        Label = "Run",
        InputType = InputType.Choice,
        Required = true,
        AllowCustomChoice = true,
        DynamicLoading = new InputLoadOptions
        {
            AlwaysLoadOnStart = true,
            LoadCallback = context =>
            {
                var runs = StoredRuns.All(pipeline.Directories.Stores).Where(run => isOffered(run.State));
                context.Input.Options = [.. runs.Select(run => KeyValuePair.Create(run.Id, $"{run.Id} ({run.State.ToText()})"))];
                return Task.CompletedTask;
            },
        },
    };

    private void Add(string verb, string displayName, string icon, string description, params InteractionInput[] inputs) =>
        orchestrator.WithProcessCommand(
            verb == KnownResourceCommands.StopCommand ? "stop-instance" : verb,
            displayName,
            context => ToProcessAsync(
                [.. ToArguments(verb, context.Arguments), .. ReportsRun(verb) ? ["--markdown"] : (string[])[]], context.CancellationToken),
            new ProcessCommandOptions
            {
                Description = description,
                IconName = icon,
                IsHighlighted = verb == "run",
                Arguments = inputs,
                ValidateArguments = verb == "run" ? CheckAsync : null,
                UpdateState = context => context.ResourceSnapshot.State?.Text == KnownResourceStates.Running
                    ? ResourceCommandState.Enabled
                    : ResourceCommandState.Disabled,
                GetCommandResult = context => Task.FromResult(ToResult(context)),
            });

    private static bool ReportsRun(string verb) => verb is "run" or "pause" or "resume" or "cancel";

    private static IReadOnlyList<string> ToArguments(string verb, InteractionInputCollection inputs) =>
    [
        verb,
        .. inputs.Where(input => Arguments.Contains(input.Name)).Select(input => input.Value ?? ""),
        .. inputs.Where(input => !Arguments.Contains(input.Name) && !string.IsNullOrEmpty(input.Value))
            .SelectMany(input => (string[])[$"--{input.Name}", input.Value!]),
    ];

    private async ValueTask<ProcessCommandSpec> ToProcessAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken) =>
        new(program)
        {
            Arguments = arguments,
            EnvironmentVariables = new Dictionary<string, string>
            {
                ["PIPELINE_ORCHESTRATOR"] = orchestrator.GetEndpoint("http").Url,
                ["PIPELINE_KEY"] = await pipeline.Key.GetValueAsync(cancellationToken) ?? "",
                [ServiceFiles.DotnetRoot] = ServiceFiles.RuntimeFolder,
            },
        };

    // The program checks its options itself, and begins each error with the name of the option that is wrong.
    private async Task CheckAsync(InputsDialogValidationContext context)
    {
        var command = await ToProcessAsync([.. ToArguments("run", context.Inputs), "--check"], context.CancellationToken);
        var start = new ProcessStartInfo(command.ExecutablePath, command.Arguments) { RedirectStandardError = true };
        foreach (var (name, value) in command.EnvironmentVariables)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        await using var closed = context.CancellationToken.Register(process.Kill);
        var output = await process.StandardError.ReadToEndAsync(context.CancellationToken);
        await process.WaitForExitAsync(context.CancellationToken);
        var errors = ErrorsOf(output.Split('\n')).ToList();
        if (errors.Count == 0 && process.ExitCode != 0)
            errors.Add($"cannot be checked: exit code {process.ExitCode}");
        foreach (var error in errors)
        {
            var input = context.Inputs.FirstOrDefault(input => IsAbout(error, input.Name)) ?? context.Inputs[0];
            context.AddValidationError(input, error.Replace($"--{input.Name}", "", StringComparison.Ordinal).TrimStart(':', ' '));
        }
    }

    // The orchestrator names no option, but says in plain words what is wrong with which, or what to name instead.
    private static bool IsAbout(string error, string input) => error.StartsWith($"--{input}", StringComparison.Ordinal)
        || error.StartsWith($"{input.Replace("-", "", StringComparison.Ordinal)} ", StringComparison.OrdinalIgnoreCase)
        || error.Contains($"another {input}", StringComparison.Ordinal);

    private static ExecuteCommandResult ToResult(ProcessCommandResultContext context) => context.ExitCode == 0
        ? CommandResults.Success("done", new CommandResultData
        {
            Value = string.Join('\n', context.Output),
            Format = CommandResultFormat.Markdown,
            DisplayImmediately = true,
        })
        : CommandResults.Failure(string.Join("; ", ErrorsOf(context.Output).DefaultIfEmpty($"exit code {context.ExitCode}")));

    private static IEnumerable<string> ErrorsOf(IEnumerable<string> output) => output
        .Where(line => line.StartsWith(Error, StringComparison.Ordinal)).Select(line => line[Error.Length..].TrimEnd());
}
