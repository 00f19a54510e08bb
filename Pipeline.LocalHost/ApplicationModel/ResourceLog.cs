using System.Globalization;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>The output of one instance.</summary>
internal sealed class ResourceLog(TimeProvider time)
{
    private const int Kept = 10_000;

    private readonly Lock _lock = new();
    private readonly Queue<LogLine> _lines = [];
    private readonly List<ChannelWriter<LogLine>> _subscribers = [];

    public void Add(string text, bool isError)
    {
        var now = time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffffffK", CultureInfo.InvariantCulture);
        lock (_lock)
        {
            var line = new LogLine(0, $"{now} {text}", isError);
            _lines.Enqueue(line);
            if (_lines.Count > Kept)
                _lines.Dequeue();
            foreach (var subscriber in _subscribers)
                subscriber.TryWrite(line);
        }
    }

    public void Subscribe(ChannelWriter<LogLine> subscriber)
    {
        lock (_lock)
        {
            foreach (var line in _lines)
                subscriber.TryWrite(line);
            _subscribers.Add(subscriber);
        }
    }

    public void Unsubscribe(ChannelWriter<LogLine> subscriber)
    {
        lock (_lock)
            _subscribers.Remove(subscriber);
    }

    public IReadOnlyList<LogLine> Lines()
    {
        lock (_lock)
            return [.. _lines.Select((line, index) => line with { LineNumber = index + 1 })];
    }
}

/// <summary>Writes log messages between the lines of processes.</summary>
internal sealed class ResourceLogger(IReadOnlyList<ResourceLog> logs) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        var text = formatter(state, exception) + (exception is null ? "" : $"\n{exception}");
        foreach (var log in logs)
            log.Add(text, logLevel >= LogLevel.Error);
    }
}
