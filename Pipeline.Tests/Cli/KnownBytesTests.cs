namespace Pipeline.Tests.Cli;

/// <summary>The generator and the monolith have the same output on every system.</summary>
public sealed class KnownBytesTests : FolderTests
{
    [Theory]
    [InlineData("1")]
    [InlineData("2")]
    public async Task Monolith_GeneratedInputAndSamples_HasTheKnownSums(string threads)
    {
        var input = InFolder("input");
        var generated = await KnownBytes.WriteInputAsync(input);
        Assert.Equal(KnownBytes.Generated, KnownBytes.Sum(generated));

        var output = InFolder("results.ndjson");
        await KnownBytes.CommandAsync("run", "--monolith", "--threads", threads, "--input", input, "--output", output);

        Assert.Equal((KnownBytes.Results, KnownBytes.Rejects), (KnownBytes.Sum(output), KnownBytes.Sum(InFolder("results.rejects.ndjson"))));
    }
}
