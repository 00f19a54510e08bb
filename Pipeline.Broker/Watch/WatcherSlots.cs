using Microsoft.Extensions.Options;

namespace Pipeline.Broker.Watch;

/// <summary>Counts the watchers that are there.</summary>
internal sealed class WatcherSlots(IOptions<WatchOptions> options)
{
    private int _taken;

    /// <summary>Watchers that are there.</summary>
    public int Taken => Volatile.Read(ref _taken);

    /// <summary>A place for one more, to be given back by disposing it; null where there is none.</summary>
    public IDisposable? TryTake()
    {
        if (Interlocked.Increment(ref _taken) <= options.Value.MaxWatchers)
            return new Slot(this);
        Interlocked.Decrement(ref _taken);
        return null;
    }

    private sealed class Slot(WatcherSlots slots) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref slots._taken);
    }
}
