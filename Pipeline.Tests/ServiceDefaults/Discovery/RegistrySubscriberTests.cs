using Pipeline.ServiceDefaults.Discovery;

namespace Pipeline.Tests.ServiceDefaults.Discovery;

public sealed class RegistrySubscriberTests
{
    [Fact]
    public async Task EventsAreReadInOrder()
    {
        using var subscriber = new RegistrySubscriber(10);
        var waiting = subscriber.ReadAsync(CancellationToken.None);
        Assert.False(waiting.IsCompleted);
        for (var i = 1; i <= 3; i++)
            subscriber.Publish(Event(i));

        Assert.Equal(1, (await waiting).View.Revision);
        Assert.Equal(2, (await subscriber.ReadAsync(CancellationToken.None)).View.Revision);
        Assert.Equal(3, (await subscriber.ReadAsync(CancellationToken.None)).View.Revision);
    }

    [Fact]
    public async Task ToOneThatFellBehindTheLatestViewStandsForAllItMissed()
    {
        using var subscriber = new RegistrySubscriber(4);
        for (var i = 1; i <= 103; i++)
            subscriber.Publish(Event(i));

        var revisions = new List<long>();
        var first = await subscriber.ReadAsync(CancellationToken.None);
        Assert.IsType<RegistryReset>(first);
        revisions.Add(first.View.Revision);
        while (revisions[^1] < 103)
            revisions.Add((await subscriber.ReadAsync(CancellationToken.None)).View.Revision);

        Assert.InRange(revisions.Count, 1, 4);
        Assert.Equal(Enumerable.Range((int)revisions[0], revisions.Count).Select(i => (long)i), revisions);
    }

    private static RegistryConnection Event(long revision) => new(RegistryView.Empty with { Revision = revision });
}
