using Pipeline.Files;

namespace Pipeline.Tests.Files;

public sealed class OutputFilesTests
{
    [Theory]
    [InlineData("/d/x.ndjson", "/d/x.rejects.ndjson")]
    [InlineData("/d/x.ndjson.gz", "/d/x.rejects.ndjson.gz")]
    [InlineData("/d/x.GZ", "/d/x.rejects.GZ")]
    [InlineData("/d/x", "/d/x.rejects")]
    [InlineData("/d/a.b.json", "/d/a.b.rejects.json")]
    public void Of_Results_NamesRejectsBesideThem(string results, string rejects) =>
        Assert.Equal(new OutputFiles(results, rejects.Replace('/', Path.DirectorySeparatorChar)), OutputFiles.Of(results));

    [Fact]
    public void Overlaps_ResultsAreRejectsOfTheOther_IsTrue()
    {
        var day = OutputFiles.Of("/none/day.ndjson");

        Assert.True(day.Overlaps(OutputFiles.Of("/none/day.rejects.ndjson")));
        Assert.True(OutputFiles.Of("/none/day.rejects.ndjson").Overlaps(day));
        Assert.False(day.Overlaps(OutputFiles.Of("/none/night.ndjson")));
    }

    [Theory]
    [InlineData("x.ndjson.zst", true)]
    [InlineData("x.ndjson.BZ2", true)]
    [InlineData("x.ndjson.gz", false)]
    [InlineData("x.ndjson", false)]
    public void IsOtherwiseCompressed_KnownEndings_AreTold(string path, bool expected) =>
        Assert.Equal(expected, OutputFiles.IsOtherwiseCompressed(path));
}
