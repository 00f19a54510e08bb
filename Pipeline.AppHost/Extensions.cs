using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pipeline.AppHost.Commands;
using Pipeline.AppHost.Configuration;
using Pipeline.AppHost.Logs;
using Pipeline.AppHost.Publishing;
using Pipeline.AppHost.Runs;
using Pipeline.AppHost.Supervision;
using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.AppHost;

/// <summary>The verbs that AppHost.cs is written in.</summary>
internal static class Extensions
{
    /// <summary>Reads the configuration, and adds what every pipeline has: supervision and log files.</summary>
    /// <exception cref="UsageException">The command line is wrong.</exception>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">The configuration is wrong.</exception>
    public static PipelineModel AddPipeline(this IDistributedApplicationBuilder builder, PipelineCommand command)
    {
        var settings = PipelineSettings.Read(builder.Configuration, command);
        var model = new PipelineModel(builder, settings, command);
        builder.Services.AddSingleton(command);
        builder.Services.AddSingleton(settings);
        builder.Services.AddSingleton(model);
        builder.Services.AddSingleton(model.Directories);
        builder.Services.AddSingleton<ReplicaClient>();
        builder.Services.AddSingleton<SupervisionOutcome>();
        builder.Services.AddSingleton<ResourceProcesses>();
        builder.Services.AddSingleton<RegisteredProcesses>();
        if (builder.ExecutionContext.IsPublishMode)
        {
            builder.AddSystemdStep(model);
            return model;
        }

        // Aspire's own start ends only when every resource was created, and creating one waits for those that it waits for: what
        // dies before that needs its supervisor already.
        builder.Services.Configure<HostOptions>(options => options.ServicesStartConcurrently = true);
        builder.Services.AddHostedService(services => services.GetRequiredService<ResourceProcesses>());
        builder.Services.AddHostedService<ControlPlaneWatch>();
        builder.Services.AddHostedService(services => services.GetRequiredService<RegisteredProcesses>());
        builder.Services.AddHostedService<Supervisor>();
        builder.Services.AddHostedService<LogFiles>();
        builder.Services.AddHostedService<RunDrain>();
        // The host logs a start that Ctrl-C cancels as a failure, with a stack trace.
        builder.Services.AddOptions<LoggerFilterOptions>().Configure<IServiceProvider>((options, services) => options.AddFilter(
            "Microsoft.Extensions.Hosting.Internal.Host",
            level => level >= LogLevel.Warning && services.GetRequiredService<IHostApplicationLifetime>()
                is not { ApplicationStopping.IsCancellationRequested: true, ApplicationStarted.IsCancellationRequested: false }));
        // DCP ends the dashboard. Where DCP is killed before the dashboard's process was observed, this variable is how it is found and killed.
        builder.Eventing.Subscribe<BeforeResourceStartedEvent>((started, _) =>
        {
            if (started.Resource.Name == Supervisor.Dashboard)
                started.Resource.Annotations.Add(new EnvironmentCallbackAnnotation(AppHostWatch.Variable, () => ResourceProcesses.Mark(model.Directories)));
            return Task.CompletedTask;
        });
        return model;
    }

#pragma warning disable ASPIRECERTIFICATES001 // WithoutHttpsCertificate is a preview API.
    /// <summary>
    /// Starts the program that the build made, instead of <c>dotnet run</c>: a start costs no MSBuild evaluation, and the process that
    /// Aspire knows is the service itself. Without HTTPS: Aspire would warn that there is no certificate for it.
    /// </summary>
    public static IResourceBuilder<ProjectResource> WithBuiltExecutable(
        this IResourceBuilder<ProjectResource> builder, string path, string workingDirectory) => builder
        .WithAnnotation(new ExecutableAnnotation { Command = path, WorkingDirectory = workingDirectory })
        .WithoutHttpsCertificate()
        .DisableForwardedHeaders();
#pragma warning restore ASPIRECERTIFICATES001

    /// <summary>
    /// The gRPC endpoint: the process is told its port, and keeps it out of its HTTP/1.1 addresses. Without a proxy, which takes connections
    /// for a process that is gone and lets them wait.
    /// </summary>
    /// <param name="builder">The service.</param>
    /// <param name="port">1 to 65535; null: Aspire allocates one.</param>
    public static IResourceBuilder<ProjectResource> WithGrpcEndpoint(this IResourceBuilder<ProjectResource> builder, int? port) => builder
        .WithEndpoint(port: port, targetPort: port, scheme: "http", name: "grpc", env: "PIPELINE_GRPC_PORT", isProxied: false)
        .WithEndpoint("grpc", endpoint => endpoint.Transport = "http2")
        .WithUrlForEndpoint("grpc", url => url.DisplayLocation = UrlDisplayLocation.DetailsOnly);

    /// <summary>The HTTP endpoint of a service that others call there; without a proxy, as <see cref="WithGrpcEndpoint"/>.</summary>
    /// <param name="builder">The service.</param>
    /// <param name="port">1 to 65535; null: Aspire allocates one.</param>
    public static IResourceBuilder<ProjectResource> WithApiEndpoint(this IResourceBuilder<ProjectResource> builder, int? port) => builder
        .WithHttpEndpoint(port: port, targetPort: port, isProxied: false)
        .WithReplicaHealthCheck();

    /// <summary>The HTTP endpoint that tells the service's health; the dashboard lists it among the details only.</summary>
    public static IResourceBuilder<ProjectResource> WithHealthEndpoint(this IResourceBuilder<ProjectResource> builder) => builder
        .WithHttpEndpoint()
        .WithReplicaHealthCheck()
        .WithUrlForEndpoint("http", url => (url.Url, url.DisplayText, url.DisplayLocation) = (HealthPaths.Health, "Health", UrlDisplayLocation.DetailsOnly));

    private static IResourceBuilder<ProjectResource> WithReplicaHealthCheck(this IResourceBuilder<ProjectResource> builder)
    {
        var name = $"{builder.Resource.Name}-replicas";
        builder.ApplicationBuilder.Services.AddHealthChecks().Add(new HealthCheckRegistration(
            name,
            services => new ReplicaHealthCheck(
                builder.Resource.GetReplicaCount(),
                () => services.GetRequiredService<ResourceProcesses>().AddressesOf(builder.Resource.Name),
                services.GetRequiredService<ReplicaClient>()),
            failureStatus: null,
            tags: null,
            ReplicaHealthCheck.Timeout));
        return builder.WithHealthCheck(name);
    }

    /// <summary>
    /// What the orchestrator's HTTP endpoint offers a browser: the page, by a link that logs in. Its demonstration runs the monolith with
    /// the command line's program.
    /// </summary>
    public static IResourceBuilder<ProjectResource> WithPage<TCommandLine>(this IResourceBuilder<ProjectResource> builder, PipelineModel pipeline)
        where TCommandLine : IProjectMetadata, new()
    {
        // It is ready anew after each restart.
        var isTold = pipeline.EndsWithRun;
        return builder
            .WithEnvironment("PIPELINE_COMMAND", pipeline.PathOf(new TCommandLine()))
            .WithUrlForEndpoint("http", url => (url.Url, url.DisplayText) = (pipeline.PageLink, "Page"))
            .OnResourceReady((_, _, _) => Interlocked.Exchange(ref isTold, true)
                ? Task.CompletedTask
                : Console.Out.WriteLineAsync($"Page: {builder.GetEndpoint("http").Url}{pipeline.PageLink}"))
            .WithUrl($"{builder.GetEndpoint("http")}/openapi/v1.json", "API document")
            .WithUrlForEndpoint("http", endpoint => new ResourceUrlAnnotation
            {
                Url = HealthPaths.Health,
                DisplayText = "Health",
                Endpoint = endpoint,
                DisplayLocation = UrlDisplayLocation.DetailsOnly,
            });
    }

    /// <summary>Adds the commands that start and stop runs.</summary>
    public static IResourceBuilder<ProjectResource> WithRunCommands<TCommandLine>(
        this IResourceBuilder<ProjectResource> builder, PipelineModel pipeline)
        where TCommandLine : IProjectMetadata, new()
    {
        new RunCommands(pipeline.PathOf(new TCommandLine()), pipeline, builder).Add();
        return builder;
    }

    /// <summary>Draws the pipeline in the dashboard's graph: from the orchestrator through the stages, in the order of the route.</summary>
    public static IResourceBuilder<ProjectResource> StreamsThrough(this IResourceBuilder<ProjectResource> builder, PipelineModel pipeline)
    {
        IEnumerable<IResourceBuilder<IResource>> above = [builder];
        foreach (var stages in pipeline.Route.Where(stages => stages.Any()))
        {
            foreach (var (sender, receiver) in above.SelectMany(sender => stages.Select(receiver => (sender, receiver))))
                sender.WithRelationship(receiver.Resource, "Stream");
            above = stages;
        }

        return builder;
    }

    /// <summary>
    /// Passes the broker's address on. Not by WithReference and WaitFor: the process waits for the broker by itself, and the dashboard's
    /// graph would show a star round the broker instead of the pipeline.
    /// </summary>
    public static IResourceBuilder<T> RegistersWith<T>(this IResourceBuilder<T> builder, IResourceBuilder<ProjectResource> broker)
        where T : IResourceWithEnvironment => builder
            .WithEnvironment(context => context.EnvironmentVariables["services__broker__grpc__0"] = broker.GetEndpoint("grpc"));

    /// <summary>Has the resource restarted as its policy says.</summary>
    public static IResourceBuilder<T> WithRestart<T>(this IResourceBuilder<T> builder, RestartOptions options)
        where T : IResource => builder.WithAnnotation(new RestartAnnotation(options));

    /// <summary>Passes a section of the AppHost's configuration on, as it is.</summary>
    public static IResourceBuilder<T> WithConfiguration<T>(this IResourceBuilder<T> builder, IConfigurationSection section)
        where T : IResourceWithEnvironment => builder.WithEnvironment(section.AsEnumerable()
            .Where(setting => setting.Value is not null)
            .Select(setting => KeyValuePair.Create(setting.Key.Replace(":", "__", StringComparison.Ordinal), setting.Value)));

    /// <summary>Sets several environment variables; attributes of telemetry are added to those by which Aspire tells processes apart.</summary>
    public static IResourceBuilder<T> WithEnvironment<T>(
        this IResourceBuilder<T> builder,
        IEnumerable<KeyValuePair<string, string?>> variables)
        where T : IResourceWithEnvironment
    {
        foreach (var (name, value) in variables)
        {
            builder.WithEnvironment(context => context.EnvironmentVariables[name] =
                name == "OTEL_RESOURCE_ATTRIBUTES" && context.EnvironmentVariables.GetValueOrDefault(name) is string own ? $"{own},{value}" : value ?? "");
        }

        return builder;
    }
}
