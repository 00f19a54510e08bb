using Microsoft.Extensions.Configuration.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Pipeline.AppHost.Configuration;
using Pipeline.AppHost.Logs;
using Pipeline.AppHost.Runs;
using Pipeline.AppHost.Supervision;

namespace Pipeline.AppHost;

/// <summary>The verbs that AppHost.cs is written in.</summary>
internal static class Extensions
{
    /// <summary>Reads the configuration, and adds what every pipeline has: supervision and log files.</summary>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">The configuration is wrong.</exception>
    public static PipelineModel AddPipeline(this IDistributedApplicationBuilder builder, PipelineCommand command)
    {
        // First, so that environment and command line override it; by its full path, because the working directory is the caller's.
        var file = new JsonConfigurationSource { Path = Path.Combine(builder.AppHostDirectory, "appsettings.json"), Optional = true };
        file.ResolveFileProvider();
        builder.Configuration.Sources.Insert(0, file);

        var settings = PipelineSettings.Read(builder.Configuration);
        var model = new PipelineModel(builder, settings, command);
        builder.Services.AddSingleton(settings);
        builder.Services.AddSingleton(model.Directories);
        builder.Services.AddSingleton<SupervisionOutcome>();
        builder.Services.AddSingleton<RunOutcome>();

        // Aspire's own start ends only when every resource was created, and creating one waits for those that it waits for: what
        // dies before that needs its supervisor already.
        builder.Services.Configure<HostOptions>(options => options.ServicesStartConcurrently = true);
        builder.Services.AddHostedService<Supervisor>();
        builder.Services.AddHostedService<LogFiles>();
        return model;
    }

#pragma warning disable ASPIRECERTIFICATES001 // WithoutHttpsCertificate is a preview API.
    /// <summary>
    /// Starts the program that the build made, instead of <c>dotnet run</c>: a start costs no MSBuild evaluation, and the process that
    /// Aspire knows is the service itself. Without HTTPS: Aspire would warn that there is no certificate for it.
    /// </summary>
    public static IResourceBuilder<ProjectResource> WithBuiltExecutable(this IResourceBuilder<ProjectResource> builder, string workingDirectory) => builder
        .WithAnnotation(new ExecutableAnnotation
        {
            Command = ServiceFiles.PathOf(builder.Resource.GetProjectMetadata()),
            WorkingDirectory = workingDirectory,
        })
        .WithEnvironment(ServiceFiles.DotnetRoot, ServiceFiles.RuntimeFolder)
        .WithoutHttpsCertificate();
#pragma warning restore ASPIRECERTIFICATES001

    /// <summary>The gRPC endpoint: the process is told its port, and keeps it out of its HTTP/1.1 addresses.</summary>
    public static IResourceBuilder<ProjectResource> WithGrpcEndpoint(this IResourceBuilder<ProjectResource> builder, int? port) =>
        builder.WithEndpoint(port: port, scheme: "http", name: "grpc", env: "PIPELINE_GRPC_PORT");

    /// <summary>Starts only when another is ready, and waits on when that one dies meanwhile: it is restarted.</summary>
    public static IResourceBuilder<T> WaitForReady<T>(this IResourceBuilder<T> builder, IResourceBuilder<IResource> dependency)
        where T : IResourceWithWaitSupport => builder.WaitFor(dependency, WaitBehavior.WaitOnResourceUnavailable);

    /// <summary>Has the resource restarted as its policy says.</summary>
    public static IResourceBuilder<T> WithRestart<T>(this IResourceBuilder<T> builder, RestartOptions options)
        where T : IResource => builder.WithAnnotation(new RestartAnnotation(options));

    /// <summary>Sets several environment variables.</summary>
    public static IResourceBuilder<T> WithEnvironment<T>(
        this IResourceBuilder<T> builder,
        IEnumerable<KeyValuePair<string, string?>> variables)
        where T : IResourceWithEnvironment
    {
        foreach (var (name, value) in variables)
            builder.WithEnvironment(name, value);
        return builder;
    }
}
