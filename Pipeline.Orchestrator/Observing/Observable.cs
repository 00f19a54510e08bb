namespace Pipeline.Orchestrator.Observing;

/// <summary>A value and the news that it has changed. Whoever compares and then awaits misses nothing; values in between may be skipped.</summary>
internal sealed class Observable<T>(T initial)
{
    private readonly Lock _lock = new();
    private volatile Observation<T> _current = new(initial);

    /// <summary>The present value, and a task that ends when there is another.</summary>
    public Observation<T> Current => _current;

    /// <summary>Replaces the value by one made of it; changes from several threads happen one after another.</summary>
    public T Change(Func<T, T> change)
    {
        Observation<T> former;
        Observation<T> next;
        lock (_lock)
        {
            former = _current;
            next = new Observation<T>(change(former.Value));
            _current = next;
        }

        former.Supersede();
        return next.Value;
    }
}

/// <summary>A value at one moment.</summary>
internal sealed class Observation<T>(T value)
{
    private readonly TaskCompletionSource _superseded = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The value.</summary>
    public T Value { get; } = value;

    /// <summary>Ends when there is another value.</summary>
    public Task Superseded => _superseded.Task;

    internal void Supersede() => _superseded.TrySetResult();
}
