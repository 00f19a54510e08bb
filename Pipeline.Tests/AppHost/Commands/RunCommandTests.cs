using System.Diagnostics;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Pipeline.Client.Runs;
using Pipeline.Tests.EndToEnd;
using Pipeline.Tests.Faults;

namespace Pipeline.Tests.AppHost.Commands;

/// <summary>The commands of the dashboard and of <c>aspire resource</c>, executed as both execute them.</summary>
[Collection(PipelineCollection.Name)]
public sealed class RunCommandTests(PipelineFixture fixture)
{
    private PipelineUnderTest Pipeline => fixture.Pipeline;

    [Theory]
    [InlineData("input", "/no/such/file", "cannot be read: there is no file or directory /no/such/file")]
    [InlineData("batch-size", "many", "must be \"auto\" or a whole number from 0 to 100000, not 'many'")]
    [InlineData("rules", "/no/such/rules.json", "there is no file /no/such/rules.json")]
    public async Task Run_WrongArgument_IsRefusedAtItsInput(string name, string value, string reason)
    {
        var arguments = await ArgumentsAsync(
            "run", (name, value), name == "input" ? ("output", "") : ("input", Write(nameof(Run_WrongArgument_IsRefusedAtItsInput), 1)));
        await ValidateAsync(arguments);

        var result = await ExecuteAsync("run", arguments);

        Assert.False(result.Success);
        var error = Assert.Single(ValidationErrors(arguments[name]));
        Assert.StartsWith(reason, error, StringComparison.Ordinal);
        Assert.All(arguments.Where(input => input.Name != name), input => Assert.Empty(ValidationErrors(input)));
    }

    [Fact]
    public async Task Run_FileInTheWayOfTheOutput_IsRefusedAtItsInput()
    {
        var input = Write(nameof(Run_FileInTheWayOfTheOutput_IsRefusedAtItsInput), 1);
        var output = Path.ChangeExtension(input, ".results.ndjson");
        await File.WriteAllTextAsync(output, "mine");
        var arguments = await ArgumentsAsync("run", ("input", input), ("output", output));

        await ValidateAsync(arguments);

        Assert.StartsWith($"output '{output}' exists", Assert.Single(ValidationErrors(arguments["output"])), StringComparison.Ordinal);
        Assert.Equal("mine", await File.ReadAllTextAsync(output));
    }

    [Fact]
    public async Task Run_RulesStageRefusesTheOptions_TellsEveryMistakeAtItsInput()
    {
        var input = Write(nameof(Run_RulesStageRefusesTheOptions_TellsEveryMistakeAtItsInput), 1);
        var rules = Path.Combine(Path.GetDirectoryName(input)!, "rules.json");
        await File.WriteAllTextAsync(rules, """{"rules":[{"drop":"nonsense == 1"},{"drop":"value <"}]}""");

        await Pipeline.WaitForStagesAsync();

        var mistakes = await MistakesAsync("rules", rules);

        Assert.Equal(2, mistakes.Count);
        Assert.StartsWith("line 1, column 20: ", mistakes[0], StringComparison.Ordinal);
        Assert.StartsWith("line 1, column ", mistakes[1], StringComparison.Ordinal);
        Assert.StartsWith("unknown column 'nonsense': ", Assert.Single(await MistakesAsync("group-by", "nonsense")), StringComparison.Ordinal);

        // A stage that does not answer within seconds, as on a machine with much else to do, refuses nothing yet: the run would.
        async Task<IReadOnlyList<string>> MistakesAsync(string name, string value)
        {
            for (var began = Stopwatch.GetTimestamp(); ;)
            {
                var arguments = await ArgumentsAsync("run", ("input", input), (name, value));
                await ValidateAsync(arguments);
                if (ValidationErrors(arguments[name]).ToList() is var told && (told.Count > 0 || Stopwatch.GetElapsedTime(began) > AppHostUnderTest.Patience))
                    return told;
            }
        }
    }

    [Fact]
    public async Task ReplaceAndStop_NothingToDo_SaySo()
    {
        await Pipeline.WaitForStagesAsync();

        var replace = await ExecuteAsync("replace", await ArgumentsAsync("replace", ("role", "rules"), ("stop-old", "false")));
        var stop = await ExecuteAsync("stop-instance", await ArgumentsAsync("stop-instance", ("instance", "nobody")));

        Assert.False(replace.Success);
        Assert.StartsWith("no other implementation of rules is up", replace.Message, StringComparison.Ordinal);
        Assert.False(stop.Success);
        Assert.StartsWith("no instance or role nobody is up", stop.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_RightArguments_ReportsTheResultsAsATable()
    {
        var input = Write(nameof(Run_RightArguments_ReportsTheResultsAsATable), 1_000);
        var output = Path.Combine(Path.GetDirectoryName(input)!, "results.ndjson");

        var result = await ExecuteAsync("run", await ArgumentsAsync("run", ("input", input), ("output", output), ("batch-size", "7")));

        Assert.True(result.Success, result.Message);
        Assert.Equal(CommandResultFormat.Markdown, result.Data!.Format);
        Assert.Contains("completed", result.Data.Value, StringComparison.Ordinal);
        Assert.Contains("| key | count | sum | avg |", result.Data.Value, StringComparison.Ordinal);
        Assert.True(File.Exists(output));
    }

    [Fact]
    public async Task PauseAndResume_ActiveRun_GoesOnToTheSameResults()
    {
        var (run, reference) = await Pipeline.StartPacedAsync(nameof(PauseAndResume_ActiveRun_GoesOnToTheSameResults));

        var paused = await ExecuteAsync("pause", await ArgumentsAsync("pause", ("run", run.Id)));
        Assert.True(paused.Success, paused.Message);
        Assert.Equal(RunState.Paused, (await Pipeline.Api.GetAsync(run.Id)).State);

        var resumed = await ExecuteAsync("resume", await ArgumentsAsync("resume", ("run", run.Id)));
        Assert.True(resumed.Success, resumed.Message);
        reference.Check(await Pipeline.Api.GetAsync(run.Id));
    }

    [Fact]
    public async Task Cancel_ActiveRun_IsCancelled()
    {
        var (run, _) = await Pipeline.StartPacedAsync(nameof(Cancel_ActiveRun_IsCancelled));

        var result = await ExecuteAsync("cancel", await ArgumentsAsync("cancel", ("run", run.Id)));

        Assert.True(result.Success, result.Message);
        Assert.Equal(RunState.Cancelled, (await Pipeline.Api.GetAsync(run.Id)).State);
    }

    [Fact]
    public async Task Pause_UnknownRun_FailsWithTheReason()
    {
        var result = await ExecuteAsync("pause", await ArgumentsAsync("pause", ("run", "20260101-120000-ab12")));

        Assert.False(result.Success);
        Assert.Contains("20260101-120000-ab12", result.Message, StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task Kill_StageInTheMiddleOfARun_IsRestartedAndTheResultsAreTheSame()
    {
        var parse = await Pipeline.Host.WaitForHealthyAsync("parse");
        var former = new ServiceProcesses(Pipeline.Host.Data).Find("parse");
        var (run, reference) = await Pipeline.StartPacedAsync(nameof(Kill_StageInTheMiddleOfARun_IsRestartedAndTheResultsAreTheSame));

        var result = await Pipeline.Host.Application.ResourceCommands.ExecuteCommandAsync(parse.ResourceId, "kill").WaitAsync(AppHostUnderTest.Patience);

        Assert.True(result.Success, result.Message);
        run = await Pipeline.RestAsync(run);
        reference.Check(run);
        Assert.Equal(2, run.Attempts);
        Assert.NotEqual(former, new ServiceProcesses(Pipeline.Host.Data).Find("parse"));
    }

    private async Task ValidateAsync(InteractionInputCollection arguments) =>
        await (await CommandAsync("run")).ValidateArguments!(new InputsDialogValidationContext
        {
            Inputs = arguments,
            Services = Pipeline.Host.Application.Services,
            CancellationToken = CancellationToken.None,
        });

    private static List<string> ValidationErrors(InteractionInput input) =>
        (List<string>)typeof(InteractionInput)
            .GetProperty("ValidationErrors", System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic)!.GetValue(input)!;

    private string Write(string name, int lines)
    {
        var path = FaultBench.Write(Path.Combine(Pipeline.Folder(name), "input.ndjson"), lines, badShare: 0);
        return path;
    }

    private async Task<ResourceCommandAnnotation> CommandAsync(string command)
    {
        var orchestrator = await Pipeline.Host.WaitForHealthyAsync("orchestrator");
        return orchestrator.Resource.Annotations.OfType<ResourceCommandAnnotation>().Single(annotation => annotation.Name == command);
    }

    // Values by name, in inputs of this invocation's own.
    private async Task<InteractionInputCollection> ArgumentsAsync(string command, params (string Name, string Value)[] values)
    {
        var inputs = (await CommandAsync(command)).Arguments.Select(input => new InteractionInput
        {
            Name = input.Name,
            InputType = input.InputType,
            Required = input.Required,
            AllowCustomChoice = input.AllowCustomChoice,
            Value = values.FirstOrDefault(value => value.Name == input.Name).Value,
        });
        return new InteractionInputCollection([.. inputs]);
    }

    private async Task<ExecuteCommandResult> ExecuteAsync(string command, InteractionInputCollection arguments)
    {
        var orchestrator = await Pipeline.Host.WaitForHealthyAsync("orchestrator");
        return await Pipeline.Host.Application.ResourceCommands.ExecuteCommandAsync(orchestrator.ResourceId, command, arguments)
            .WaitAsync(AppHostUnderTest.Patience);
    }
}
