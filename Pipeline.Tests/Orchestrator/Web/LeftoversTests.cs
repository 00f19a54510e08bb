using Pipeline.Tests.Orchestrator.Fakes;

namespace Pipeline.Tests.Orchestrator.Web;

public sealed class LeftoversTests
{
    [Fact]
    public async Task Start_AfterAKill_DeletesUnfinishedUploadsAndDemonstrations()
    {
        var folder = Directory.CreateTempSubdirectory("orchestrator-").FullName;
        var uploads = Directory.CreateDirectory(Path.Combine(folder, "data", "uploads")).FullName;
        var demonstrations = Directory.CreateDirectory(Path.Combine(folder, "data", "demonstration")).FullName;
        foreach (var name in (string[])["a.ndjson", ".mine", $".{Guid.NewGuid():N}"])
            File.WriteAllText(Path.Combine(uploads, name), "{}");
        var left = Directory.CreateDirectory(Path.Combine(demonstrations, Guid.NewGuid().ToString("N"))).FullName;
        File.WriteAllText(Path.Combine(left, "results.ndjson"), "{}");

        await using var served = await ServedOrchestrator.StartAsync(folder);

        Assert.Equal([".mine", "a.ndjson"], Directory.EnumerateFileSystemEntries(uploads).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Empty(Directory.EnumerateFileSystemEntries(demonstrations));
    }
}
