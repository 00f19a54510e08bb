using System.Runtime.CompilerServices;

namespace Pipeline.Client.Registry;

/// <summary>A value and the news that it has changed. A reader that compares and then awaits misses no change; it may skip values.</summary>
/// <param name="initial">The first value.</param>
/// <param name="changed">Called after each change, on the thread that made it.</param>
public sealed class Observable<T>(T initial, Action? changed = null)
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
        changed?.Invoke();
        return next.Value;
    }

    /// <summary>The value of now, then the latest one after each change, until cancelled; a slow reader skips those between.</summary>
    public IAsyncEnumerable<T> ReadAllAsync(CancellationToken cancellationToken = default) => ReadAllAsync(null, cancellationToken);

    /// <summary>The same, which also ends when a task has: after the latest value.</summary>
    /// <param name="end">The task; null = none.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public async IAsyncEnumerable<T> ReadAllAsync(Task? end, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            var observed = _current;
            yield return observed.Value;
            await (end is null ? observed.Superseded : Task.WhenAny(observed.Superseded, end)).WaitAsync(cancellationToken);
            if (!observed.Superseded.IsCompleted)
                yield break;
        }
    }
}

/// <summary>A value at one moment.</summary>
public sealed class Observation<T>
{
    private readonly TaskCompletionSource _superseded = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal Observation(T value) => Value = value;

    /// <summary>The value.</summary>
    public T Value { get; }

    /// <summary>Ends when there is another value.</summary>
    public Task Superseded => _superseded.Task;

    internal void Supersede() => _superseded.TrySetResult();
}
