namespace Pipeline.Tests.AppHost;

/// <summary>A setting that a stage refuses, with real processes.</summary>
[Collection(WholeMachineCollection.Name)]
public sealed class MisconfigurationTests : FolderTests
{
    [Fact]
    public async Task Start_StageSettingOutOfRange_IsReportedOnceWithoutRestart()
    {
        var input = Write("input.ndjson", "");
        using var host = AppHostProcess.Start(
            Folder,
            // --Pipeline:Data on the command line takes precedence over PIPELINE_DATA.
            new Dictionary<string, string> { ["Stage__RingSlots"] = "99", ["PIPELINE_DATA"] = "/dev/null" },
            "--input", input, "--output", InFolder("results.ndjson"), "--exit");

        var (code, _, error) = await host.EndAsync();

        Assert.Equal(1, code);
        Assert.DoesNotContain("; restart ", error, StringComparison.Ordinal);
        var told = Assert.Single(error.TrimEnd().Split('\n'), line => line.Contains("RingSlots", StringComparison.Ordinal));
        Assert.StartsWith("error: ", told, StringComparison.Ordinal);
        Assert.EndsWith(
            " ended with exit code 78; given up, since its configuration is wrong: Stage:RingSlots must be 0 to 64, not 99", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_WrongSettingOfTheOrchestrator_IsToldAtTheEnd()
    {
        var input = Write("input.ndjson", "");
        using var host = AppHostProcess.Start(
            Folder,
            new Dictionary<string, string> { ["Cluster__Provider"] = "Redis", ["Cluster__ConnectionString"] = "localhost" },
            "--input", input, "--output", InFolder("results.ndjson"), "--exit");

        var (code, _, error) = await host.EndAsync();

        Assert.True(code == 1, error);
        var told = Assert.Single(error.TrimEnd().Split('\n'), line => line.Contains("Cluster:Storage is missing", StringComparison.Ordinal));
        Assert.StartsWith("error: orchestrator", told, StringComparison.Ordinal);
        Assert.DoesNotContain("error: interrupted", error, StringComparison.Ordinal);
    }
}
