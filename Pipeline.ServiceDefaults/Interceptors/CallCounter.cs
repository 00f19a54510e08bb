namespace Pipeline.ServiceDefaults.Interceptors;

/// <summary>Counts what runs at once under each key; a key that nothing runs under takes no memory.</summary>
internal sealed class CallCounter
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _counts = [];

    /// <summary>Takes a place under the key, to be given back by disposing it; null where all are taken.</summary>
    public Place? TryEnter(string key, int limit)
    {
        lock (_lock)
        {
            var count = _counts.GetValueOrDefault(key);
            if (count >= limit)
                return null;
            _counts[key] = count + 1;
            return new Place(this, key);
        }
    }

    /// <summary>Keys under which something runs.</summary>
    public int Keys
    {
        get
        {
            lock (_lock)
                return _counts.Count;
        }
    }

    private void Leave(string key)
    {
        lock (_lock)
        {
            if (--_counts[key] == 0)
                _counts.Remove(key);
        }
    }

    /// <summary>A place that is taken.</summary>
    internal sealed class Place(CallCounter counter, string key) : IDisposable
    {
        /// <summary>Gives it back.</summary>
        public void Dispose() => counter.Leave(key);
    }
}
