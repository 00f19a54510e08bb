using Pipeline.Contracts.Broker.V1;
using Pipeline.Orchestrator.Routes;

namespace Pipeline.Tests.Orchestrator.Routes;

public sealed class InstanceLoadTests
{
    [Fact]
    public async Task Take_TwoAttemptsAtOneInstance_AreCountedUntilEachIsDisposed()
    {
        var (parse, rules) = (new Instance { InstanceId = "parse-0" }, new Instance { InstanceId = "rules-0" });
        var load = new InstanceLoad();
        var first = load.Take(new StageRoute([parse, rules]));
        var second = load.Take(new StageRoute([parse]));
        Assert.Equal((2, 1), (load.Of(parse), load.Of(rules)));

        first.Dispose();
        Assert.Equal((1, 0), (load.Of(parse), load.Of(rules)));

        var idle = load.IdleAsync(parse, CancellationToken.None);
        Assert.False(idle.IsCompleted);
        second.Dispose();
        await idle.WaitAsync(Waiting.Limit);
        Assert.Equal(0, load.Of(parse));
    }
}
