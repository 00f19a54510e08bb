using Pipeline.Client.Runs;
using Pipeline.Files;
using Pipeline.Orchestrator.Runs;

namespace Pipeline.Tests.Orchestrator.Runs;

public sealed class OutputClaimsTests : FolderTests
{
    [Fact]
    public void Claim_EarlierRunsWroteOtherFiles_TheirPathsAreNotLookedAt()
    {
        var output = Write("day.ndjson", "results");
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

    private static Run Completed(WrittenFile results) =>
        SampleRun.New(state: RunState.Completed) with { Output = results.Path, Written = [results] };
}
