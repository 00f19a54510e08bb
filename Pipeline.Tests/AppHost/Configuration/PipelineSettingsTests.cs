using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Pipeline.AppHost;
using Pipeline.AppHost.Configuration;
using Pipeline.AppHost.Supervision;
using Pipeline.Stages.Bridge.BuiltIn;

namespace Pipeline.Tests.AppHost.Configuration;

public class PipelineSettingsTests
{
    private static readonly PipelineCommand Command = PipelineCommand.Parse([]);

    [Fact]
    public void Restart_ServiceSetsOneValue_KeepsTheOthersOfTheCommonPolicy()
    {
        var settings = Read(
            ("Pipeline:Restart:Policy", "Always"),
            ("Pipeline:Restart:MaxRestarts", "7"),
            ("Pipeline:Services:parse:Restart:MaxRestarts", "2"));

        Assert.Equal((RestartCondition.Always, 2), (settings.Services["parse"].Restart.Policy, settings.Services["parse"].Restart.MaxRestarts));
        Assert.Equal((RestartCondition.Always, 7), (settings.Services["sink"].Restart.Policy, settings.Services["sink"].Restart.MaxRestarts));
    }

    [Fact]
    public void Read_WrongValueOfTheCommonPolicy_IsToldOnce()
    {
        var error = Assert.Throws<OptionsValidationException>(() =>
            Read(("Pipeline:Restart:MaxRestarts", "-1"), ("Pipeline:Services:sink:Restart:MaxRestarts", "-2")));

        Assert.Equal(
            ["Pipeline:Restart:MaxRestarts must be 1 to 1000, not -1", "Pipeline:Services:sink:Restart:MaxRestarts must be 1 to 1000, not -2"],
            error.Failures);
    }

    [Fact]
    public void Read_ProcessWithCommandAndRestartPolicy_HasTheseSettings()
    {
        var settings = Read(
            ("Pipeline:Processes:my-stage:Command", "python3"),
            ("Pipeline:Processes:my-stage:Arguments:0", "stage.py"),
            ("Pipeline:Processes:my-stage:Directory", Path.GetTempPath()),
            ("Pipeline:Processes:my-stage:Environment:A", "1"),
            ("Pipeline:Processes:my-stage:Restart:Policy", "Never"));

        var process = settings.Processes["my-stage"];
        Assert.Equal(
            ("python3", "stage.py", Path.GetTempPath(), "1"),
            (process.Command, process.Arguments.Single(), process.Directory, process.Environment["A"]));
        Assert.Equal(RestartCondition.Never, settings.Processes["my-stage"].Restart.Policy);
    }

    [Theory]
    [InlineData("--output x")]
    [InlineData("--overwrite")]
    [InlineData("--batch-size 10")]
    public void Read_OptionsOfARunThatIsNotMade_AreRefused(string line)
    {
        (string, string)[] noDemo = [("Pipeline:Demo", "false")];

        var error = Assert.Throws<UsageException>(() => Read(PipelineCommand.Parse(line.Split(' ')), noDemo));

        Assert.Contains("without --input there is none", error.Message, StringComparison.Ordinal);
        Read(PipelineCommand.Parse([.. line.Split(' '), "--exit"]), noDemo);
        Read(PipelineCommand.Parse(line.Split(' ')));
    }

    [Fact]
    public void Process_WithARole_IsStartedByABridge()
    {
        var settings = Read(
            ("Pipeline:Services:rules:Replicas", "0"),
            ("Pipeline:Processes:my-rules:Role", "rules"),
            ("Pipeline:Processes:my-rules:Command", "node"),
            ("Pipeline:Processes:my-rules:Arguments:0", "transform.js"),
            ("Pipeline:Processes:my-rules:Directory", "../samples"));

        var bridge = settings.Processes["my-rules"].ToBridge("rules", "/app/host").ToDictionary();

        Assert.Equal(
            ("rules", "node", "/app/samples", "transform.js"),
            (bridge["Bridge__Role"], bridge["Bridge__Command"], bridge["Bridge__Directory"], bridge["Bridge__Arguments__0"]));
    }

    [Fact]
    public void Environment_NameWithUnderscores_MayComeFromAFileAndFromAnEnvironmentVariable()
    {
        var settings = Read(
            ("Pipeline:Environment:Stage__RingSlots", "32"),
            ("Pipeline:Environment:Stage:RingSlots", "0"),
            ("Pipeline:Services:sink:Environment:Stage:ProgressInterval", "00:00:02"),
            ("Pipeline:Services:sink:Environment:A", "1"),
            ("Pipeline:Processes:own:Command", "sh"),
            ("Pipeline:Processes:own:Environment:B:C", "2"));

        Assert.Equal([new("Stage__RingSlots", "0")], settings.Environment);
        Assert.Equal([new("A", "1"), new("Stage__ProgressInterval", "00:00:02")], settings.Services["sink"].Environment);
        Assert.Equal([new("B__C", "2")], settings.Processes["own"].Environment);
    }

    public static TheoryData<string> BuiltInBridges => [.. Enum.GetNames<BuiltInBridge>()];

    [Theory]
    [MemberData(nameof(BuiltInBridges))]
    public void Process_BuiltInBridge_IsStartedWithoutAProgramAndLogsItsWork(string bridge)
    {
        var settings = Read(("Pipeline:Processes:tap:BuiltIn", bridge), ("Pipeline:Processes:tap:Role", "audit"));

        var environment = settings.Processes["tap"].ToBridge("audit", "/app/host").ToDictionary();

        Assert.Equal(
            ("audit", bridge, "Information"),
            (environment["Bridge__Role"], environment["Bridge__BuiltIn"], environment["Logging__LogLevel__Pipeline.Stages.audit"]));
        Assert.DoesNotContain("Bridge__Command", environment.Keys);
    }

    [Fact]
    public void Read_SeveralWrongSettings_ThrowsAllErrorsWithTheirKeys()
    {
        var errors = Assert.Throws<OptionsValidationException>(() => Read(
            ("Pipeline:Services:pasre:Replicas", "2"),
            ("Pipeline:Services:parse:Replicas", "65"),
            ("Pipeline:Services:parse:Port", "8080"),
            ("Pipeline:Services:broker:Port", "65536"),
            ("Pipeline:Services:broker:Replicas", "2"),
            ("Pipeline:Processes:sink:Command", ""),
            ("Pipeline:Processes:aspire-dashboard:Command", "sh"),
            ("Pipeline:Processes:a--b:Command", "sh"),
            ("Pipeline:Processes:bridge:Command", "sh"),
            ("Pipeline:Processes:bridge:Role", "My Rules"),
            ("Pipeline:Processes:tap:BuiltIn", "sample"),
            ("Pipeline:Processes:tap:Command", "sh"),
            ("Pipeline:Processes:own:Command", "sh"),
            ("Pipeline:Processes:own:Restart:Plicy", "Never"),
            ("Pipeline:Processes:Parse-2:Command", "sh"),
            ("Pipeline:Services:orchestrator:Port", "5O80"),
            ("Pipeline:Services:rules:Replicas", "two"),
            ("Pipeline:Services:ingest:Replica", "2"),
            ("Pipeline:Liveness:Slience", "00:00:03"),
            ("Pipeline:Root:0", "/srv"),
            ("Pipeline:Restart:MaxDelay", "soon"),
            ("Pipeline:Data", " "),
            ("Pipeline:Roots:1", ""),
            ("Pipeline:Liveness:Silence", "00:00:00.1"),
            ("Pipeline:Key", "with space"))).Failures.ToList();

        string[] expected =
        [
            "Pipeline:Key", "Pipeline:Liveness:Silence", "Pipeline:Services:broker:Port", "Pipeline:Services:broker:Replicas",
            "Pipeline:Services:pasre is no service", "Pipeline:Services:parse:Port", "Pipeline:Services:parse:Replicas",
            "Pipeline:Processes:aspire-dashboard: the name is taken",
            "Pipeline:Processes:a--b", "Pipeline:Processes:bridge:Role", "Pipeline:Processes:sink: the name is taken", "Pipeline:Processes:sink:Command",
            "Pipeline:Processes:tap:BuiltIn must be one of log, policy, not 'sample'", "Pipeline:Processes:tap must have Command or BuiltIn",
            "Pipeline:Processes:tap:Role",
            "Pipeline:Processes:Parse-2: the name is that of a replica's log",
            "Pipeline:Processes:own:Restart:Plicy is no setting; there are Policy,",
            "Pipeline:Services:orchestrator:Port", "Pipeline:Services:rules:Replicas",
            "Pipeline:Services:ingest:Replica is no setting; there are Port, Replicas, Environment, Restart",
            "Pipeline:Liveness:Slience is no setting",
            "Pipeline:Root is no setting; there are Data, Roots,", "Pipeline:Restart:MaxDelay", "Pipeline:Data must name a directory",
            "Pipeline:Roots:0 must name a directory",
        ];
        Assert.All(expected, place => Assert.Contains(errors, error => error.Contains(place, StringComparison.Ordinal)));
        Assert.Equal(expected.Length, errors.Count);
    }

    [Theory]
    [InlineData("Pipeline:Key", "secret\n", "Pipeline:Key must be")]
    [InlineData("Pipeline:Processes:own:Role", "rules\n", "Pipeline:Processes:own:Role must be")]
    [InlineData("Pipeline:Processes:own\n:Command", "sh", "Pipeline:Processes:own\n: a name takes")]
    public void Read_NewlineAtTheEnd_IsAnError(string key, string value, string start)
    {
        var errors = Assert.Throws<OptionsValidationException>(() => Read(("Pipeline:Processes:own:Command", "sh"), (key, value))).Failures;

        Assert.StartsWith(start, Assert.Single(errors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Pipeline:Restart", "Never")]
    [InlineData("Pipeline:Liveness", "false")]
    [InlineData("Pipeline:Roots", "/srv")]
    [InlineData("Pipeline:Services:parse", "2")]
    [InlineData("Pipeline:Services:parse:Environment", "A=B")]
    [InlineData("Pipeline:Services:parse:Restart", "Never")]
    [InlineData("Pipeline:Processes:own:Arguments", "stage.py")]
    public void Read_ValueInPlaceOfASectionOrAList_IsAnError(string key, string value)
    {
        var errors = Assert.Throws<OptionsValidationException>(() => Read(("Pipeline:Processes:own:Command", "sh"), (key, value))).Failures;

        Assert.StartsWith($"{key} cannot be '{value}': it is a section", Assert.Single(errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_ShippedAppSettings_AreValidAndNameEveryService()
    {
        var file = Path.Combine(Projects.Pipeline_AppHost.ProjectPath, "appsettings.json");
        var configuration = new ConfigurationBuilder().AddJsonFile(file).Build();
        var settings = PipelineSettings.Read(configuration, Command);

        Assert.Equal((5070, 5080), (settings.Services["broker"].Port, settings.Services["orchestrator"].Port));
        Assert.Equal(
            PipelineSettings.ServiceNames.Order(StringComparer.Ordinal),
            configuration.GetSection("Pipeline:Services").GetChildren().Select(service => service.Key).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Read_FileOfTheProfilePolyglot_ReplacesRulesAndNamesProgramsThatAreThere()
    {
        var folder = Projects.Pipeline_AppHost.ProjectPath;
        var settings = PipelineSettings.Read(new ConfigurationBuilder()
            .AddJsonFile(Path.Combine(folder, "appsettings.json"))
            .AddJsonFile(Path.Combine(folder, "appsettings.Polyglot.json"))
            .Build(), Command);

        Assert.Equal(0, settings.Services["rules"].Replicas);
        Assert.Equal(["node-rules", "python-audit"], settings.Processes.Keys.Order(StringComparer.Ordinal));
        Assert.All(settings.Processes.Values, process =>
            Assert.True(File.Exists(Path.Combine(folder, process.Directory, process.Arguments.Single()))));
    }

    [Theory]
    [InlineData("Pipeline:Restart:MaxRestart")]
    [InlineData("Pipeline:Liveness:Intervall")]
    public void Read_UnknownNameInASectionOfTheirsWhilePublishing_Throws(string name)
    {
        var command = PipelineCommand.Parse(["--operation", "publish"]);

        Read(command, ("Pipeline:Step", "systemd"));
        Assert.Contains(
            $"{name} is no setting", Assert.Throws<OptionsValidationException>(() => Read(command, (name, "1"))).Message, StringComparison.Ordinal);
    }

    private static PipelineOptions Read(params (string Key, string Value)[] values) => Read(Command, values);

    private static PipelineOptions Read(PipelineCommand command, params (string Key, string Value)[] values) => PipelineSettings.Read(
        new ConfigurationBuilder().AddInMemoryCollection(values.ToDictionary(pair => pair.Key, pair => (string?)pair.Value)).Build(), command);
}
