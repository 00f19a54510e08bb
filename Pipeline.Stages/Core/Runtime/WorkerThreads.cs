namespace Pipeline.Stages.Core.Runtime;

/// <summary>
/// How many threads of the pool work: one for each attempt that is open, up to one for each processor. The loops of an attempt take
/// turns, and a thread more would be woken, for nothing, each time that one of them goes on. A thread that is held up, by a disk or by
/// arithmetic, is the pool's own business: it adds another, for good, when nothing has moved for half a second to a second.
/// </summary>
/// <param name="processors">Processors that there are.</param>
/// <param name="raise">Makes the pool begin with so many threads, unless it does with more.</param>
internal sealed class WorkerThreads(int processors, Action<int> raise)
{
    private readonly Lock _lock = new();
    private int _open;
    private int _most;

    /// <summary>Those of this process's pool.</summary>
    public WorkerThreads()
        : this(Environment.ProcessorCount, RaisePool)
    {
    }

    /// <summary>An attempt begins; it has ended when the answer is disposed.</summary>
    public IDisposable Enter()
    {
        lock (_lock)
        {
            _open++;
            if (_open > _most && _open <= processors)
                raise(_most = _open);
        }

        return new Place(this);
    }

    private static void RaisePool(int least)
    {
        ThreadPool.GetMinThreads(out var now, out var others);
        if (now < least)
            ThreadPool.SetMinThreads(least, others);
    }

    private void Leave()
    {
        lock (_lock)
        {
            _open--;
        }
    }

    private sealed class Place(WorkerThreads threads) : IDisposable
    {
        public void Dispose() => threads.Leave();
    }
}
