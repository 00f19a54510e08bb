using Pipeline.Files;
using Pipeline.Tests.Stages.Ingest;

namespace Pipeline.Tests.Files;

public sealed class GzipInputTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("a.ndjson", "", false)]
    [InlineData("a.ndjson", "1f", false)]
    [InlineData("a.ndjson", "1f8b", true)]
    [InlineData("a.ndjson", "7b7d0a", false)]
    [InlineData("a.ndjson.GZ", "7b7d0a", true)]
    public void Is_NameOrFirstBytes_Decide(string name, string content, bool expected) =>
        Assert.Equal(expected, GzipInput.Is(_folder.Write(name, Convert.FromHexString(content))));
}
