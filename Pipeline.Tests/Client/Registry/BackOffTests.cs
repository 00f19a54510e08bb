using Pipeline.Client.Registry;

namespace Pipeline.Tests.Client.Registry;

public sealed class BackOffTests
{
    [Fact]
    public void Next_UntilReset_DoublesUpToTheLongestPause()
    {
        var backOff = new BackOff(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(1), TimeProvider.System);

        foreach (var whole in new[] { 200, 400, 800, 1000, 1000 })
            Assert.InRange(backOff.Next().TotalMilliseconds, whole * 0.75, whole);
        backOff.Reset();
        Assert.InRange(backOff.Next().TotalMilliseconds, 150, 200);
    }
}
