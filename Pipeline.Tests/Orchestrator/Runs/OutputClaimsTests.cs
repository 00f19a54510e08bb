using Pipeline.Client.Runs;
using Pipeline.Files;
using Pipeline.Orchestrator.Runs;

namespace Pipeline.Tests.Orchestrator.Runs;

public sealed class OutputClaimsTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly string _folder = Directory.CreateTempSubdirectory("claims-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Claim_EarlierRunsWroteOtherFiles_TheirPathsAreNotLookedAt()
    {
        var output = Path.Join(_folder, "day.ndjson");
        File.WriteAllText(output, "results");
        var written = WrittenFile.Read(output)!;
        Run[] runs =
        [
            Completed(written with { Path = "/nas/longer.ndjson", Length = written.Length + 1 }),
            Completed(written with { Path = "/nas/other.ndjson", Identity = "0-0" }),
            Completed(written),
        ];
        var lookedAt = new List<string>();
        var claims = new OutputClaims([], () => runs, Resolve);

        Assert.True(claims.Claim(output, new RunSettings(), resumed: null));

        Assert.Equal([output], lookedAt.Distinct());

        string Resolve(string path)
        {
            lookedAt.Add(path);
            return RootedPath.Resolve(path);
        }
    }

    private static Run Completed(WrittenFile results) => new()
    {
        Id = "r", State = RunState.Completed, Created = Noon, Updated = Noon, Options = new(), Input = "/in", Output = results.Path, Written = [results],
    };
}
