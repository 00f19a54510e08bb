namespace Pipeline.Tests.Cli;

/// <summary>The generator and the monolith have the same output on every system.</summary>
public sealed class KnownBytesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("known-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("1")]
    [InlineData("2")]
    public async Task Monolith_GeneratedInputAndSamples_HasTheKnownSums(string threads)
    {
        var input = Path.Combine(_folder, "input");
        var generated = await KnownBytes.WriteInputAsync(input);
        Assert.Equal(KnownBytes.Generated, KnownBytes.Sum(generated));

        var output = Path.Combine(_folder, "results.ndjson");
        await KnownBytes.CommandAsync("run", "--monolith", "--threads", threads, "--input", input, "--output", output);

        Assert.Equal(
            (KnownBytes.Results, KnownBytes.Rejects), (KnownBytes.Sum(output), KnownBytes.Sum(Path.Combine(_folder, "results.rejects.ndjson"))));
    }
}
