using System.Text.Json;
using Pipeline.AppHost;
using Pipeline.AppHost.Runs;
using Pipeline.Client.Runs;

namespace Pipeline.Tests.AppHost.Runs;

public sealed class StoredRunsTests : IDisposable
{
    private const string Id = "20260101-120000-ab12";
    private readonly string _data = Directory.CreateTempSubdirectory("data-").FullName;
    private readonly string _shared = Directory.CreateTempSubdirectory("shared-").FullName;

    private string[] Stores => [_data, _shared];

    private string Folder => Path.Join(_shared, "runs", Id);

    public void Dispose()
    {
        Directory.Delete(_data, recursive: true);
        Directory.Delete(_shared, recursive: true);
    }

    [Fact]
    public void Read_RunOfACluster_IsAsItsLatestOwnerWroteIt()
    {
        Directory.CreateDirectory(Folder);
        Write(0, RunState.Pending);
        Write(9, RunState.Running);
        Write(10, RunState.Paused);

        Assert.Equal(RunState.Paused, StoredRuns.Read(Stores, Id).State);
        Assert.Equal(RunState.Paused, Assert.Single(StoredRuns.All(Stores)).State);
        Assert.Single(StoredRuns.All(Stores, DateTimeOffset.UtcNow.AddMinutes(-1)));
        Assert.Empty(StoredRuns.All(Stores, DateTimeOffset.UtcNow.AddMinutes(1)));
    }

    [Fact]
    public void Read_NoSuchRun_SaysSo() =>
        Assert.Equal(
            $"there is no run {Id} in '{_data}' or '{_shared}'", Assert.Throws<PipelineException>(() => StoredRuns.Read(Stores, Id)).Message);

    private void Write(long owner, RunState state)
    {
        var run = new Run
        {
            Id = Id,
            State = state,
            Created = DateTimeOffset.UnixEpoch,
            Updated = DateTimeOffset.UnixEpoch,
            Options = new RunSettings(),
            Input = "/input",
            Output = "/output",
        };
        File.WriteAllBytes(RunStateFile.PathIn(Folder, owner), JsonSerializer.SerializeToUtf8Bytes(run, RunJson.Default.Run));
    }
}
