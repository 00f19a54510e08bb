namespace Pipeline.ServiceDefaults.Discovery;

/// <summary>The events that one reader has not read yet. To a reader that falls far behind, the latest view stands for all that it missed.</summary>
internal sealed class RegistrySubscriber(int capacity) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Queue<RegistryEvent> _events = new();
    private readonly SemaphoreSlim _available = new(0);

    /// <summary>Adds an event; never waits.</summary>
    public void Publish(RegistryEvent registryEvent)
    {
        lock (_lock)
        {
            if (_events.Count < capacity)
            {
                _events.Enqueue(registryEvent);
            }
            else
            {
                _events.Clear();
                _events.Enqueue(new RegistryReset(registryEvent.View));
            }
            if (_available.CurrentCount == 0)
                _available.Release();
        }
    }

    /// <summary>The next event; for one reader at a time.</summary>
    public async Task<RegistryEvent> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            lock (_lock)
            {
                if (_events.TryDequeue(out var next))
                    return next;
            }
            await _available.WaitAsync(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _available.Dispose();
}
