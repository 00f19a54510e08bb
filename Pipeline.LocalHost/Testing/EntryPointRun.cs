using System.Reflection;
using Aspire.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Pipeline.LocalHost.Testing;

/// <summary>
/// Runs an AppHost's entry point inside a test: on a thread of its own, held where it builds the application until the test
/// has changed what it wants. An async-local tells the builder which test it belongs to, so that tests run side by side.
/// </summary>
internal sealed class EntryPointRun(
    Assembly assembly,
    string[] args,
    Action<DistributedApplicationOptions, HostApplicationBuilderSettings> configure) : IAsyncDisposable
{
    private static readonly AsyncLocal<EntryPointRun?> CurrentRun = new();
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(30);

    private readonly TaskCompletionSource<DistributedApplicationBuilder> _builder = NewSource<DistributedApplicationBuilder>();
    private readonly TaskCompletionSource<DistributedApplication> _application = NewSource<DistributedApplication>();
    private readonly TaskCompletionSource<bool> _started = NewSource<bool>();
    private readonly TaskCompletionSource<bool> _exited = NewSource<bool>();
    private readonly SemaphoreSlim _mayBuild = new(0);
    private bool _disposed;

    /// <summary>The test that this code runs in, if any.</summary>
    public static EntryPointRun? Current => CurrentRun.Value;

    public Task Started => _started.Task;

    public Task<DistributedApplicationBuilder> StartAsync(CancellationToken cancellationToken)
    {
        new Thread(Run) { IsBackground = true, Name = $"{assembly.GetName().Name}.EntryPoint" }.Start();
        return _builder.Task.WaitAsync(cancellationToken);
    }

    public Task<DistributedApplication> BuildAsync(CancellationToken cancellationToken)
    {
        _mayBuild.Release();
        return _application.Task.WaitAsync(cancellationToken);
    }

    public void OnConstructing(DistributedApplicationOptions options, HostApplicationBuilderSettings settings)
    {
        var name = assembly.GetName().Name ?? "";
        settings.Args = [.. settings.Args ?? [], .. args];
        settings.ApplicationName = name;
        options.Args = settings.Args;
        options.AssemblyName = name;
        options.DisableDashboard = true;
        if (Directory.Exists(options.ProjectDirectory))
            settings.ContentRootPath = options.ProjectDirectory;
        settings.Configuration ??= new ConfigurationManager();
        settings.Configuration.AddInMemoryCollection([new("DcpPublisher:RandomizePorts", "true")]);
        configure(options, settings);
    }

    public void OnConstructed(DistributedApplicationBuilder builder) => builder.Services.AddHttpClient();

    public void OnBuilding(DistributedApplicationBuilder builder)
    {
        _builder.TrySetResult(builder);
        _mayBuild.Wait();
    }

    public IHost Observe(IHost host) => new ObservedHost(host, this);

    public void OnBuilt(DistributedApplication application) => _application.TrySetResult(application);

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        _mayBuild.Release();
        if (!_application.Task.IsCompletedSuccessfully)
            return;

        var application = await _application.Task;
        var lifetime = application.Services.GetRequiredService<IHostApplicationLifetime>();
        using (lifetime.ApplicationStarted.Register(lifetime.StopApplication))
        {
            try
            {
                await _exited.Task.WaitAsync(StopTimeout);
            }
            catch
            {
                // The test has seen it already, or has not asked.
            }
        }

        await application.DisposeAsync();
    }

    private void Run()
    {
        CurrentRun.Value = this;
        try
        {
            var entry = assembly.EntryPoint ?? throw new InvalidOperationException($"{assembly} does not have an entry point.");
            entry.Invoke(null, entry.GetParameters().Length == 0 ? [] : [args]);
            Fail(new InvalidOperationException($"The entry point exited without building or starting a {nameof(DistributedApplication)}."));
            _exited.TrySetResult(true);
        }
        catch (Exception exception)
        {
            Fail(exception is TargetInvocationException { InnerException: { } inner } ? inner : exception);
        }
    }

    private void Fail(Exception exception)
    {
        _builder.TrySetException(exception);
        _application.TrySetException(exception);
        _started.TrySetException(exception);
        _exited.TrySetException(exception);
    }

    private static TaskCompletionSource<T> NewSource<T>()
    {
        var source = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);

        // Not every test looks at every one of them.
        _ = source.Task.ContinueWith(task => task.Exception, TaskScheduler.Default);
        return source;
    }

    private sealed class ObservedHost(IHost host, EntryPointRun run) : IHost, IAsyncDisposable
    {
        public IServiceProvider Services => host.Services;

        public async Task StartAsync(CancellationToken cancellationToken = default)
        {
            try
            {
                await host.StartAsync(cancellationToken);
                run._started.TrySetResult(true);
            }
            catch (Exception exception)
            {
                run._started.TrySetException(exception);
                throw;
            }
        }

        public Task StopAsync(CancellationToken cancellationToken = default) => host.StopAsync(cancellationToken);

        public void Dispose() => host.Dispose();

        public ValueTask DisposeAsync() => ((IAsyncDisposable)host).DisposeAsync();
    }
}
