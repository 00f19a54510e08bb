using Pipeline.Files;

namespace Pipeline.Tests.Files;

public sealed class GzipInputTests : FolderTests
{
    [Theory]
    [InlineData("a.ndjson", "", false)]
    [InlineData("a.ndjson", "1f", false)]
    [InlineData("a.ndjson", "1f8b", true)]
    [InlineData("a.ndjson", "7b7d0a", false)]
    [InlineData("a.ndjson.GZ", "7b7d0a", true)]
    public void Is_NameOrFirstBytes_Decide(string name, string content, bool expected) =>
        Assert.Equal(expected, GzipInput.Is(Write(name, Convert.FromHexString(content))));
}
