using System.Text.Json;
using Pipeline.AppHost;
using Pipeline.AppHost.Runs;
using Pipeline.Client.Runs;

namespace Pipeline.Tests.AppHost.Runs;

public sealed class StoredRunsTests : FolderTests
{
    private string Data => InFolder("data");

    private string Shared => InFolder("shared");

    private string[] Stores => [Data, Shared];

    [Fact]
    public void Read_RunOfACluster_IsAsItsLatestOwnerWroteIt()
    {
        Write(0, RunState.Pending);
        Write(9, RunState.Running);
        Write(10, RunState.Paused);

        Assert.Equal(RunState.Paused, StoredRuns.Read(Stores, SampleRun.Id).State);
        Assert.Equal(RunState.Paused, Assert.Single(StoredRuns.All(Stores)).State);
        Assert.Single(StoredRuns.All(Stores, DateTimeOffset.UtcNow.AddMinutes(-1)));
        Assert.Empty(StoredRuns.All(Stores, DateTimeOffset.UtcNow.AddMinutes(1)));
    }

    [Fact]
    public void Read_NoSuchRun_SaysSo() =>
        Assert.Equal(
            $"there is no run {SampleRun.Id} in '{Data}' or '{Shared}'",
            Assert.Throws<PipelineException>(() => StoredRuns.Read(Stores, SampleRun.Id)).Message);

    private void Write(long owner, RunState state)
    {
        var path = RunStateFile.PathIn(Path.Join(Shared, "runs", SampleRun.Id), owner);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(SampleRun.New(state: state), RunJson.Default.Run));
    }
}
