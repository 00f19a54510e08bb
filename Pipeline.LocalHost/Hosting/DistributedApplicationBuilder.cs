using System.Reflection;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pipeline.LocalHost.Orchestration;
using Pipeline.LocalHost.Testing;

namespace Aspire.Hosting;

/// <summary>Describes an application that runs on plain child processes.</summary>
public class DistributedApplicationBuilder : IDistributedApplicationBuilder
{
    private readonly HostApplicationBuilder _inner;
    private readonly ResourceCollection _resources = [];
    private readonly EntryPointRun? _test;

    /// <summary>Begins to describe an application.</summary>
    /// <param name="options">How to create it.</param>
    public DistributedApplicationBuilder(DistributedApplicationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _test = EntryPointRun.Current;
        var settings = new HostApplicationBuilderSettings { Args = options.Args };
        _test?.OnConstructing(options, settings);
        _inner = new HostApplicationBuilder(settings);
        AppHostAssembly = options.Assembly;
        AppHostDirectory = options.ProjectDirectory ?? _inner.Environment.ContentRootPath;

        Logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Warning);
        Logging.AddFilter("System.Net.Http.HttpClient", LogLevel.Warning);
        Services.AddSingleton(TimeProvider.System);
        Services.AddSingleton(options);
        Services.AddSingleton(ExecutionContext);
        Services.AddSingleton(new DistributedApplicationModel(_resources));
        Services.AddSingleton<InstanceNames>();
        Services.AddSingleton<InstanceSet>();
        Services.AddSingleton(_ => new ResourceNotificationService
        {
            DefaultWaitBehavior = options.DisableDashboard ? WaitBehavior.StopOnResourceUnavailable : WaitBehavior.WaitOnResourceUnavailable,
        });
        Services.AddSingleton(services => new ResourceLoggerService(
            services.GetRequiredService<InstanceNames>(), services.GetRequiredService<TimeProvider>()));
        Services.AddSingleton(services => new ResourceCommandService(
            services.GetRequiredService<ResourceNotificationService>(),
            services.GetRequiredService<InstanceNames>(),
            services.GetRequiredService<InstanceSet>()));
        Services.AddHostedService<Orchestrator>();
        if (!options.DisableDashboard || options.EnableResourceLogging)
            Services.AddHostedService<ConsoleForwarder>();
        _test?.OnConstructed(this);
    }

    /// <inheritdoc/>
    public ConfigurationManager Configuration => _inner.Configuration;

    /// <inheritdoc/>
    public string AppHostDirectory { get; }

    /// <inheritdoc/>
    public Assembly? AppHostAssembly { get; }

    /// <inheritdoc/>
    public IHostEnvironment Environment => _inner.Environment;

    /// <inheritdoc/>
    public IServiceCollection Services => _inner.Services;

    /// <inheritdoc/>
    public DistributedApplicationExecutionContext ExecutionContext { get; } = new(DistributedApplicationOperation.Run);

    /// <inheritdoc/>
    public IResourceCollection Resources => _resources;

    private ILoggingBuilder Logging => _inner.Logging;

    /// <inheritdoc/>
    public IResourceBuilder<T> AddResource<T>(T resource)
        where T : IResource
    {
        ArgumentNullException.ThrowIfNull(resource);
        if (_resources.Any(existing => string.Equals(existing.Name, resource.Name, StringComparison.OrdinalIgnoreCase)))
            throw new DistributedApplicationException($"Cannot add resource of type '{typeof(T)}' with name '{resource.Name}' because a resource with that name already exists.");
        _resources.Add(resource);
        return CreateResourceBuilder(resource);
    }

    /// <inheritdoc/>
    public IResourceBuilder<T> CreateResourceBuilder<T>(T resource)
        where T : IResource => new ResourceBuilder<T>(this, resource);

    /// <inheritdoc/>
    public DistributedApplication Build()
    {
        _test?.OnBuilding(this);
        var application = new DistributedApplication(_test is null ? _inner.Build() : _test.Observe(_inner.Build()));
        _test?.OnBuilt(application);
        return application;
    }
}
