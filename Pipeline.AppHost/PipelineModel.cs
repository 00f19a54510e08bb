using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.AppHost.Commands;
using Pipeline.AppHost.Configuration;
using Pipeline.AppHost.Runs;
using Pipeline.AppHost.Supervision;
using Pipeline.Client.Registration;
using Pipeline.Client.Runs;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.AppHost;

/// <summary>Adds the pipeline's resources, each as the configuration says.</summary>
internal sealed class PipelineModel(IDistributedApplicationBuilder builder, PipelineOptions settings, PipelineCommand command)
{
    /// <summary>Name of the parameter that holds the key.</summary>
    public const string KeyName = "pipeline-key";

    private const string OtlpEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    // Aspire sets them to a second where the environment is Development: exported once a minute, a rate shows neither a short run nor a kill.
    private static readonly string[] TelemetryIntervals = ["OTEL_METRIC_EXPORT_INTERVAL", "OTEL_BSP_SCHEDULE_DELAY", "OTEL_BLRP_SCHEDULE_DELAY"];

    private readonly List<(string Role, IResourceBuilder<IResource> Stage)> _stages = [];

    /// <summary>Where the pipeline keeps and finds its files.</summary>
    public PipelineDirectories Directories { get; } = builder.ExecutionContext.IsPublishMode
        ? PipelineDirectories.OfInstallation(settings, builder.Configuration)
        : PipelineDirectories.Create(settings, builder.Configuration, command);

    /// <summary>The key that all services share.</summary>
    public ParameterResource Key { get; } = builder.AddParameter(KeyName, () => settings.Key!, secret: true).Resource;

    /// <summary>Path and query of the link that logs a browser in to the orchestrator's page.</summary>
    public string PageLink { get; } = PageLogin.LinkOf(settings.Key!);

    /// <summary>Whether the AppHost ends with its run, so that nobody will look at a page.</summary>
    public bool EndsWithRun => command.Exit;

    /// <summary>The stages that start by themselves, for each role of the orchestrator's route, as far as the configuration tells their roles.</summary>
    public IEnumerable<IEnumerable<IResourceBuilder<IResource>>> Route
    {
        get
        {
            // In the order in which the orchestrator's process gets them.
            var configuration = new ConfigurationBuilder()
                .AddInMemoryCollection(ToSettings(settings.Environment))
                .AddInMemoryCollection(ToSettings(settings.Services["orchestrator"].Environment))
                .AddConfiguration(builder.Configuration)
                .Build();
            var roles = configuration.GetSection("Orchestrator:Roles").Get<string[]>() is { Length: > 0 } configured
                ? configured
                : PipelineSettings.ServiceNames.Where(name => name is not ("broker" or "orchestrator"));
            return roles.Select(role => _stages.Where(stage => stage.Role == role).Select(stage => stage.Stage));
        }
    }

    /// <summary>The programs that were asked for: path of the project, from the folder of the source, and of the program.</summary>
    public SortedDictionary<string, string> Programs { get; } = new(StringComparer.Ordinal);

    /// <summary>Path of a project's program: where it was built, or, for another machine, where it is installed there.</summary>
    /// <exception cref="PipelineException">It is not built.</exception>
    public string PathOf(IProjectMetadata project)
    {
        var name = Path.GetFileNameWithoutExtension(project.ProjectPath);
        var path = builder.ExecutionContext.IsPublishMode ? $"{settings.Install}/{name}/{name}" : ServiceFiles.PathOf(project);
        Programs[Path.GetRelativePath(Path.GetDirectoryName(builder.AppHostDirectory)!, project.ProjectPath)] = path;
        return path;
    }

    /// <summary>The port of a service's own that others use; null: any. In tests Aspire chooses the ports.</summary>
    public int? PortOf(string service) =>
        builder.Configuration.GetValue("DcpPublisher:RandomizePorts", false) ? null : settings.Services[service].Port;

    /// <summary>Adds one of the pipeline's own services.</summary>
    public IResourceBuilder<ProjectResource> AddService<TProject>(string name)
        where TProject : IProjectMetadata, new()
    {
        var service = settings.Services[name];
        var program = AddProgram<TProject>(name, service.Environment)
            .WithReplicas(Math.Max(1, service.Replicas))
            .WithRestart(service.Restart);
        // It is there to be started by hand; another implementation takes its place.
        return service.Replicas == 0 ? program.WithExplicitStart() : program;
    }

    /// <summary>Adds a stage: it registers with the broker, and picks its gRPC port itself, since replicas cannot share one.</summary>
    public IResourceBuilder<ProjectResource> AddStage<TProject>(string name, IResourceBuilder<ProjectResource> broker)
        where TProject : IProjectMetadata, new()
    {
        var stage = AddService<TProject>(name)
            .WithHealthEndpoint()
            .RegistersWith(broker)
            .WithFaultCommands();
        if (settings.Services[name].Replicas > 0)
            _stages.Add((name, stage));
        return stage;
    }

    /// <summary>Adds the user's own processes that the configuration names.</summary>
    public void AddConfiguredProcesses<TBridge>(IResourceBuilder<ProjectResource> broker)
        where TBridge : IProjectMetadata, new()
    {
        foreach (var (name, process) in settings.Processes)
        {
            IResourceBuilder<IResourceWithEnvironment> program = process.Role is { } role
                ? AddProgram<TBridge>(name, process.Environment)
                    .WithEnvironment(process.ToBridge(role, builder.AppHostDirectory))
                    .WithHealthEndpoint()
                : WithCommon(
                    // Its own environment may name another instance.
                    builder.AddExecutable(name, process.Command, process.Directory, [.. process.Arguments]).WithOtlpExporter()
                        .WithEnvironment(InstanceIds.Variable, name),
                    process.Environment);
            program.WithRestart(process.Restart).RegistersWith(broker).WithFaultCommands();
            if ((process.Role ?? process.Stage) is { } place)
                _stages.Add((place, program));
        }
    }

    /// <summary>Adds the run that the command line or the configuration asks for, and the process that generates its sample where there is none yet.</summary>
    public void AddRun<TCommandLine>(IResourceBuilder<ProjectResource> orchestrator)
        where TCommandLine : IProjectMetadata, new()
    {
        if (builder.ExecutionContext.IsPublishMode || !(command.IsRun || settings.Demo))
            return;

        var run = AddProgram<TCommandLine>(RunConsole.Run, null)
            .WithArgs(command.ToRun(Directories.Sample))
            .WithEnvironment("PIPELINE_ORCHESTRATOR", orchestrator.GetEndpoint("http"))
            .WithEnvironment("PIPELINE_RESUME_COMMAND", command.ToResume("{run}"))
            .WithEnvironment("PIPELINE_COLUMNS", Console.IsOutputRedirected ? "" : $"{Console.WindowWidth}")
            .WithIconName("Play");
        builder.Services.AddHostedService<RunConsole>();
        if (command is { Input: null, Resume: null } && !File.Exists(Directories.Sample))
            run.WaitForCompletion(AddSample<TCommandLine>());
    }

    // A file of that name is a whole one: it is renamed when it is complete.
    private IResourceBuilder<ProjectResource> AddSample<TCommandLine>()
        where TCommandLine : IProjectMetadata, new()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Directories.Sample)!);
        return AddProgram<TCommandLine>(RunConsole.Sample, null)
            .WithArgs("generate", "--count", "100000", "--users", "10000", "--seed", "42", "--output", Directories.Sample)
            .WithIconName("DocumentAdd");
    }

    private IResourceBuilder<ProjectResource> AddProgram<TProject>(string name, IReadOnlyDictionary<string, string?>? environment)
        where TProject : IProjectMetadata, new()
    {
        var program = builder.AddProject<TProject>(name, launchProfileName: null).WithBuiltExecutable(PathOf(new TProject()), Directories.Data);
        if (builder.ExecutionContext.IsRunMode)
            program.WithEnvironment(ServiceFiles.DotnetRoot, ServiceFiles.RuntimeFolder);
        return WithCommon(program, environment);
    }

    private IResourceBuilder<T> WithCommon<T>(IResourceBuilder<T> resource, IReadOnlyDictionary<string, string?>? environment)
        where T : IResourceWithEnvironment
    {
        if (builder.ExecutionContext.IsRunMode)
        {
            // Those that the AppHost itself was given are inherited.
            resource.WithEnvironment(AppHostWatch.Variable, ResourceProcesses.Mark(Directories))
                .WithEnvironment(TelemetryIntervals
                    .Where(name => builder.Configuration[name] is null).Select(name => KeyValuePair.Create(name, (string?)"1000")));
        }

        return resource
            .WithEnvironment(settings.Environment)
            .WithEnvironment(environment ?? new Dictionary<string, string?>())
            .WithEnvironment("PIPELINE_DATA", Directories.Data)
            .WithEnvironment("PIPELINE_ROOTS", Directories.Roots)
            .WithEnvironment(SetKey)
            .WithEnvironment(WithoutDashboard);
    }

    private static IEnumerable<KeyValuePair<string, string?>> ToSettings(Dictionary<string, string?> environment) =>
        environment.Select(variable => KeyValuePair.Create(variable.Key.Replace("__", ":", StringComparison.Ordinal), variable.Value));

    // By a callback: WithEnvironment(name, parameter) would draw an edge from every resource to the key in the dashboard's graph.
    private void SetKey(EnvironmentCallbackContext context) => context.EnvironmentVariables["PIPELINE_KEY"] = Key;

    // Without its dashboard Aspire still names the dashboard's address for telemetry, and every process would try to reach it. An address that
    // the user configured is a string, and stays.
    private void WithoutDashboard(EnvironmentCallbackContext context)
    {
        var options = builder.Services.Select(service => service.ImplementationInstance).OfType<DistributedApplicationOptions>().FirstOrDefault();
        if (options?.DisableDashboard != true || context.EnvironmentVariables.GetValueOrDefault(OtlpEndpoint) is null or string)
            return;
        if (builder.Configuration[OtlpEndpoint] is { Length: > 0 } collector)
            context.EnvironmentVariables[OtlpEndpoint] = collector;
        else
            context.EnvironmentVariables.Remove(OtlpEndpoint);
    }
}
