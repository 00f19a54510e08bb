using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.AppHost.Configuration;
using Pipeline.AppHost.Runs;

namespace Pipeline.AppHost;

/// <summary>Adds the pipeline's resources, each as the configuration says.</summary>
internal sealed class PipelineModel(IDistributedApplicationBuilder builder, PipelineSettings settings, PipelineCommand command)
{
    private const int KeyDigits = 64;
    private const string OtlpEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    private readonly string _key = settings.Options.Key ?? RandomNumberGenerator.GetHexString(KeyDigits, lowercase: true);

    public PipelineDirectories Directories { get; } = PipelineDirectories.Create(settings.Options, builder.Configuration, command);

    /// <summary>Whether this start makes a run.</summary>
    public bool MakesRun => command.Input is not null || command.Resume is not null || command.Exit || settings.Options.Demo;

    /// <summary>Whether the run needs a sample that is not there yet.</summary>
    public bool NeedsSample => MakesRun && command.Input is null && command.Resume is null && !File.Exists(Directories.Sample);

    /// <summary>The port that others use; none means any.</summary>
    public int? PortOf(string service) => settings.Service(service).Port;

    /// <summary>Adds one of the pipeline's own services.</summary>
    public IResourceBuilder<ProjectResource> AddService<TProject>(string name)
        where TProject : IProjectMetadata, new()
    {
        var service = settings.Service(name);
        return WithCommon(AddProgram<TProject>(name), service.Environment)
            .WithReplicas(service.Replicas)
            .WithRestart(settings.Restart(name));
    }

    /// <summary>Adds a stage: it registers with the broker, and picks its gRPC port itself, since replicas cannot share one.</summary>
    public IResourceBuilder<ProjectResource> AddStage<TProject>(string name, IResourceBuilder<ProjectResource> broker)
        where TProject : IProjectMetadata, new() => AddService<TProject>(name)
            .WithHttpEndpoint()
            .WithHttpHealthCheck("/health")
            .WithReference(broker)
            .WaitForReady(broker);

    /// <summary>Adds the processes of the user's own that the configuration names.</summary>
    public void AddConfiguredProcesses(IResourceBuilder<ProjectResource> broker)
    {
        foreach (var (name, process) in settings.Options.Processes)
        {
            var executable = builder.AddExecutable(name, process.Command, process.Directory, process.Arguments.ToArray())
                .WithOtlpExporter();
            WithCommon(executable, process.Environment)
                .WithRestart(settings.Restart(name))
                .WithReference(broker)
                .WaitForReady(broker);
        }
    }

    /// <summary>Adds the process that writes the sample, once; a file of that name is a whole one.</summary>
    public void AddSample<TProject>(string name)
        where TProject : IProjectMetadata, new()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Directories.Sample)!);
        WithCommon(AddProgram<TProject>(name), new Dictionary<string, string?>()).WithArgs(
            "generate", "--count", "100000", "--users", "10000", "--seed", "42", "--output", Directories.Sample);
    }

    /// <summary>Makes a run as soon as the orchestrator is ready.</summary>
    public void AddRun(IResourceBuilder<ProjectResource> orchestrator)
    {
        var input = command.Input ?? Directories.Sample;
        var plan = new RunPlan(input, command, NeedsSample ? "sample" : null, orchestrator.GetEndpoint("http"), _key);
        builder.Services.AddSingleton(plan);
        builder.Services.AddSingleton<RunInterruption>();
        builder.Services.AddHostedService<RunService>();
    }

    private IResourceBuilder<ProjectResource> AddProgram<TProject>(string name)
        where TProject : IProjectMetadata, new() =>
        builder.AddProject<TProject>(name, launchProfileName: null).WithBuiltExecutable(Directories.Data);

    private IResourceBuilder<T> WithCommon<T>(IResourceBuilder<T> resource, IReadOnlyDictionary<string, string?> environment)
        where T : IResourceWithEnvironment => resource
            .WithEnvironment(settings.Options.Environment)
            .WithEnvironment(environment)
            .WithEnvironment("PIPELINE_KEY", _key)
            .WithEnvironment("PIPELINE_DATA", Directories.Data)
            .WithEnvironment("PIPELINE_ROOTS", Directories.Roots)
            .WithEnvironment(WithoutDashboard);

    // Without its dashboard Aspire still names the dashboard's address for telemetry, and every process would try to reach it.
    private void WithoutDashboard(EnvironmentCallbackContext context)
    {
        var options = builder.Services.Select(service => service.ImplementationInstance).OfType<DistributedApplicationOptions>().FirstOrDefault();
        if (options?.DisableDashboard == true && string.IsNullOrEmpty(builder.Configuration[OtlpEndpoint]))
            context.EnvironmentVariables.Remove(OtlpEndpoint);
    }
}
