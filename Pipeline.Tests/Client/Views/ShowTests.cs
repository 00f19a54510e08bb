using Pipeline.Client.Views;

namespace Pipeline.Tests.Client.Views;

public sealed class ShowTests
{
    [Theory]
    [InlineData(0, "0 lines")]
    [InlineData(1, "1 line")]
    [InlineData(1_234, "1,234 lines")]
    public void Count_Things_AreNamedInSingularOrPlural(long value, string text) => Assert.Equal(text, Show.Count(value, "line"));

    [Fact]
    public void ShareAndBytes_NotKnown_AreUnknown()
    {
        Assert.Equal(("unknown", "12 %"), (Show.Share(null), Show.Share(0.12)));
        Assert.Equal(("unknown", "12 B"), (Show.Bytes(null), Show.Bytes(12)));
    }
}
