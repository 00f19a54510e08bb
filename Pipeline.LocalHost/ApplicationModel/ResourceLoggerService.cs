using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Pipeline.LocalHost.Orchestration;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>A line of a resource's output.</summary>
/// <param name="LineNumber">From 1, as this watch counts.</param>
/// <param name="Content">The line, after its time in ISO 8601 and a space.</param>
/// <param name="IsErrorMessage">Whether it came from standard error.</param>
public readonly record struct LogLine(int LineNumber, string Content, bool IsErrorMessage);

/// <summary>Keeps and tells the resources' output: the last 10,000 lines of each instance, and all that follow.</summary>
public class ResourceLoggerService
{
    private readonly ConcurrentDictionary<string, ResourceLog> _logs = new();
    private readonly InstanceNames _names;
    private readonly TimeProvider _time;

    internal ResourceLoggerService(InstanceNames names, TimeProvider time)
    {
        _names = names;
        _time = time;
    }

    /// <summary>A logger that writes into the output of all instances of a resource.</summary>
    /// <param name="resource">The resource.</param>
    public ILogger GetLogger(IResource resource) => new ResourceLogger([.. _names.Of(resource).Select(LogOf)]);

    /// <summary>A logger that writes into the output of an instance.</summary>
    /// <param name="resourceName">The instance's id.</param>
    public ILogger GetLogger(string resourceName) => new ResourceLogger([LogOf(resourceName)]);

    /// <summary>The kept output of a resource, then what follows.</summary>
    /// <param name="resource">The resource.</param>
    public IAsyncEnumerable<IReadOnlyList<LogLine>> WatchAsync(IResource resource) => WatchAsync(_names.Of(resource));

    /// <summary>The kept output of an instance, then what follows.</summary>
    /// <param name="resourceName">The instance's id.</param>
    public IAsyncEnumerable<IReadOnlyList<LogLine>> WatchAsync(string resourceName) => WatchAsync([resourceName]);

    /// <summary>The kept output of a resource.</summary>
    /// <param name="resource">The resource.</param>
    public IAsyncEnumerable<IReadOnlyList<LogLine>> GetAllAsync(IResource resource) => GetAllAsync(_names.Of(resource));

    /// <summary>The kept output of an instance.</summary>
    /// <param name="resourceName">The instance's id.</param>
    public IAsyncEnumerable<IReadOnlyList<LogLine>> GetAllAsync(string resourceName) => GetAllAsync([resourceName]);

    internal ResourceLog LogOf(string instance) => _logs.GetOrAdd(instance, _ => new ResourceLog(_time));

    private async IAsyncEnumerable<IReadOnlyList<LogLine>> WatchAsync(
        IReadOnlyList<string> instances,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var channel = Channel.CreateUnbounded<LogLine>(new UnboundedChannelOptions { SingleReader = true });
        foreach (var instance in instances)
            LogOf(instance).Subscribe(channel.Writer);
        try
        {
            var number = 0;
            while (await channel.Reader.WaitToReadAsync(cancellationToken))
            {
                var batch = new List<LogLine>();
                while (channel.Reader.TryRead(out var line))
                    batch.Add(line with { LineNumber = ++number });
                yield return batch;
            }
        }
        finally
        {
            foreach (var instance in instances)
                LogOf(instance).Unsubscribe(channel.Writer);
        }
    }

    private async IAsyncEnumerable<IReadOnlyList<LogLine>> GetAllAsync(IReadOnlyList<string> instances)
    {
        await Task.CompletedTask;
        foreach (var instance in instances)
            yield return LogOf(instance).Lines();
    }
}
