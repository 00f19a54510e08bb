using Pipeline.Stages.Core.Runtime;

namespace Pipeline.Tests.Stages.Core.Runtime;

/// <summary>There are as many threads as attempts open at the same time, and at most as many as processors.</summary>
public sealed class WorkerThreadsTests
{
    private readonly List<int> _raised = [];

    [Fact]
    public void AttemptsOneAfterTheOtherShareAThread()
    {
        var threads = new WorkerThreads(4, _raised.Add);

        for (var i = 0; i < 3; i++)
            threads.Enter().Dispose();

        Assert.Equal([1], _raised);
    }

    [Fact]
    public void AttemptsBesideEachOtherHaveOneEach()
    {
        var threads = new WorkerThreads(4, _raised.Add);

        using (threads.Enter())
        using (threads.Enter())
            threads.Enter().Dispose();
        using (threads.Enter())
            threads.Enter().Dispose();

        Assert.Equal([1, 2, 3], _raised);
    }

    [Fact]
    public void ThereAreNoMoreThreadsThanProcessors()
    {
        var threads = new WorkerThreads(2, _raised.Add);

        using (threads.Enter())
        using (threads.Enter())
        using (threads.Enter())
            Assert.Equal([1, 2], _raised);
    }
}
