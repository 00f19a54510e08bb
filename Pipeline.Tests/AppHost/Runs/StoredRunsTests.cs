using System.Text.Json;
using Pipeline.AppHost;
using Pipeline.AppHost.Runs;
using Pipeline.Client.Runs;

namespace Pipeline.Tests.AppHost.Runs;

public sealed class StoredRunsTests : IDisposable
{
    private const string Id = "20260101-120000-ab12";
    private readonly string _data = Directory.CreateTempSubdirectory("data-").FullName;

    private string Folder => Path.Join(_data, "runs", Id);

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public void Read_RunOfACluster_IsAsItsLatestOwnerWroteIt()
    {
        Directory.CreateDirectory(Folder);
        Write(0, RunState.Pending);
        Write(9, RunState.Running);
        Write(10, RunState.Paused);

        Assert.Equal(RunState.Paused, StoredRuns.Read(_data, Id).State);
        Assert.Equal(RunState.Paused, Assert.Single(StoredRuns.All(_data)).State);
    }

    [Fact]
    public void Read_NoSuchRun_SaysSo() =>
        Assert.Equal($"there is no run {Id} in '{_data}'", Assert.Throws<PipelineException>(() => StoredRuns.Read(_data, Id)).Message);

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
