using System.Text.Json.Serialization;
using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;
using Pipeline.Client.Registration;
using Pipeline.Client.Registry;
using Pipeline.Client.Runs;
using Pipeline.Files;
using Pipeline.Orchestrator.Api;
using Pipeline.Orchestrator.Attempts;
using Pipeline.Orchestrator.Cluster;
using Pipeline.Orchestrator.Instances;
using Pipeline.Orchestrator.Partitions;
using Pipeline.Orchestrator.Routes;
using Pipeline.Orchestrator.Runs;
using Pipeline.Orchestrator.Web;
using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Configuration;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.Orchestrator.Service;

/// <summary>The orchestrator as a service: runs, the HTTP API, the endpoint file.</summary>
internal static class OrchestratorService
{
    private const string DefaultUrl = "http://127.0.0.1:5080";

    /// <summary>Builds the service; <paramref name="configure"/> may replace parts of it.</summary>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            Args = HostArguments.WithSettingsOf(args),
            // The page's files are found by this name, also in another program, and beside the program, not in the working directory.
            ApplicationName = typeof(OrchestratorService).Assembly.GetName().Name,
            WebRootPath = Path.Combine(AppContext.BaseDirectory, "wwwroot"),
        });
        if (string.IsNullOrWhiteSpace(builder.Configuration[WebHostDefaults.ServerUrlsKey]))
            builder.Configuration[WebHostDefaults.ServerUrlsKey] = DefaultUrl;
        builder.AddServiceDefaults();
        builder.AddRegistryWatcher();
        builder.AddRuns();
        builder.AddCluster();
        builder.AddApi();
        builder.AddPages();
        configure?.Invoke(builder);

        var app = builder.Build();
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.UsePages();
        app.UseKeyGate();
        app.MapDefaultEndpoints();
        app.MapOpenApi();
        app.MapRuns();
        app.MapTopology();
        app.MapPages();
        return app;
    }

    private static void AddRuns(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<CoordinatorOptions>().BindSettings(CoordinatorOptions.Section);
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<CoordinatorOptions>>().Value);
        services.AddSingleton(provider => new RunStore(
            RootedPath.DataOf(name => provider.GetRequiredService<IConfiguration>()[name]), provider.GetRequiredService<ILogger<RunStore>>()));
        services.AddSingleton<StageChecks>();
        services.AddSingleton<IHealthProbe, GrpcHealthProbe>();
        services.AddSingleton<IStageClient, GrpcStageClient>();
        services.AddSingleton<InstanceLoad>();
        services.AddSingleton<IInstanceControl, InstanceControl>();
        services.AddSingleton<StageCommands>();
        services.AddSingleton<RouteWatch>();
        services.AddSingleton<AttemptRunner>();
        services.AddSingleton<RunInstruments>();
        services.AddSingleton<Func<RunCoordinator>>(provider => () =>
            ActivatorUtilities.CreateInstance<RunCoordinator>(provider, provider.GetRequiredService<ILogger<RunCoordinator>>()));
        services.AddSingleton(PartitionedStoreOf);
        services.AddSingleton<SliceLanes>();
        services.AddHostedService(provider => provider.GetRequiredService<SliceLanes>());
        services.AddSingleton<ISliceWorkers>(provider => provider.GetRequiredService<SliceLanes>());
        services.AddKeyedSingleton<ISliceWorkers>(ClusterSetup.Local, (provider, _) => provider.GetRequiredService<SliceLanes>());
        services.AddKeyedSingleton<IPartitionedRuns>(ClusterSetup.Local, (provider, _) => provider.GetRequiredService<RunService>());
        services.AddSingleton<IActiveRuns>(provider => provider.GetRequiredService<RunService>());
        services.AddSingleton<RunService>();
        services.AddHostedService(provider => provider.GetRequiredService<RunService>());
        services.AddHealthChecks().AddCheck<RegistryHealthCheck>("broker");
    }

    private static PartitionedStore PartitionedStoreOf(IServiceProvider provider)
    {
        var settings = provider.GetRequiredService<IOptions<ClusterSettings>>().Value;
        return settings is { Provider: not ClusterProvider.None, Storage: { Length: > 0 } shared }
            ? new PartitionedStore(RunStore.Shared(shared, provider.GetRequiredService<ILogger<RunStore>>()), shared)
            : new PartitionedStore(provider.GetRequiredService<RunStore>(), null);
    }

    private static void AddApi(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddProblemDetails(options => options.CustomizeProblemDetails = Problems.Describe);
        services.AddExceptionHandler<ProblemExceptionHandler>();
        // So that a parameter that cannot be read is told with its name.
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        // Its catch-all route, /SERVICE/METHOD by any HTTP method, would turn a 405 of the API into a 404.
        services.Configure<GrpcServiceOptions>(options => options.IgnoreUnknownServices = true);
        services.AddOpenApi(options => options.AddDocumentTransformer(DescribeAsync));
        services.AddSingleton<TopologyReader>();
        services.AddHostedService<EndpointPublisher>();
        services.ConfigureHttpJsonOptions(options =>
        {
            // As RunJson has it; else the API's description says that numbers may be texts.
            options.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
            options.SerializerOptions.TypeInfoResolverChain.Insert(0, RunJson.Default);
            options.SerializerOptions.TypeInfoResolverChain.Insert(1, TopologyJson.Default);
        });
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = RunEndpoints.MaxBodyBytes);
    }

    private static Task DescribeAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        (document.Info.Title, document.Info.Version) = ("Pipeline", new RegistrationOptions().Version);
        document.AddComponent("bearer", new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "The key, PIPELINE_KEY" });
        document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("bearer", document)] = [] }];
        return Task.CompletedTask;
    }
}

/// <summary>Healthy while the broker's watch is open: without it no route is found.</summary>
internal sealed class RegistryHealthCheck(IRegistry registry) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(registry.Current.Value.IsConnected
            ? HealthCheckResult.Healthy()
            : new HealthCheckResult(context.Registration.FailureStatus, "The broker is out of reach."));
}
