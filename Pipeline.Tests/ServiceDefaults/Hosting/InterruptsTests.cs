using Microsoft.Extensions.Time.Testing;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.Tests.ServiceDefaults.Hosting;

public class InterruptsTests
{
    [Fact]
    public void IsAnother_WithinASecond_IsTheFirstAgain()
    {
        var time = new FakeTimeProvider();
        var interrupts = new Interrupts(time);

        Assert.False(interrupts.IsAnother());
        time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.False(interrupts.IsAnother());
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(interrupts.IsAnother());
    }
}
