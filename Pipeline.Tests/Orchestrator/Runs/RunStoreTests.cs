using System.Runtime.Versioning;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Testing;
using Pipeline.Client.Runs;
using Pipeline.Orchestrator.Runs;

namespace Pipeline.Tests.Orchestrator.Runs;

public sealed class RunStoreTests : FolderTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void LoadAll_AfterARestart_ReturnsWhatWasSaved()
    {
        var settings = new RunSettings { Input = "/in", Rules = "{}", GroupBy = ["type", "user"], BatchSize = 7, Rate = 2.5 };
        Run saved;
        using (var store = Open())
        {
            var id = store.CreateFolder(Now);
            Assert.Matches("^20260101-120000-[0-9a-f]{4}$", id);
            saved = New(id) with
            {
                Options = settings,
                State = RunState.Failed,
                Attempts = 3,
                Error = new RunError("disk_full", "no space", "sink-0", "sink"),
                Stages = [new StageFigures { InstanceId = "sink-0", Role = "sink", ItemsIn = 5 }],
                History = [new AttemptRecord { Attempt = 3, Started = Now, Route = ["a", "b"], Outcome = "failed" }],
                Counts = new RunCounts { Lines = 9 },
                Progress = new RunProgress { Checkpoint = 2, Fraction = 0.5 },
            };
            store.Save(saved);
        }

        using var next = Open();
        var loaded = Assert.Single(next.LoadAll());
        Assert.Equivalent(saved, loaded, strict: true);
        Assert.Equal(settings.GroupBy, loaded.Options.GroupBy);
    }

    [Fact]
    public void Delete_IsBrokenOff_NextStartDeletesTheRest()
    {
        string left;
        using (var store = Open())
        {
            left = Directory.CreateDirectory(Path.Combine(store.Root, ".deleted-20260101-120000-ab12", "slices")).Parent!.FullName;
            Assert.Empty(store.LoadAll());
        }

        Open().Dispose();

        Assert.False(Directory.Exists(left));
    }

    [UnixFact]
    [UnsupportedOSPlatform("windows")]
    public void Save_NewRun_IsReadableByThisUserOnly()
    {
        using var store = Open();
        var id = store.CreateFolder(Now);
        store.Save(New(id));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(store.FolderOf(id), "run.json")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(store.FolderOf(id)));
    }

    [UnixFact]
    [UnsupportedOSPlatform("windows")]
    public void LoadAll_FolderWithANewlineAtTheEnd_IsNoRun()
    {
        using var store = Open();
        var id = store.CreateFolder(Now) + "\n";
        Directory.CreateDirectory(store.FolderOf(id));
        store.Save(New(id));

        Assert.Empty(store.LoadAll());
    }

    [Fact]
    public void Save_Twice_LeavesOnlyTheLatestFile()
    {
        using var store = Open();
        var id = store.CreateFolder(Now);
        store.Save(New(id));
        store.Save(New(id) with { Attempts = 2 });
        Assert.Equal(["run.json"], Directory.GetFiles(store.FolderOf(id)).Select(Path.GetFileName));
        Assert.Equal(2, Assert.Single(store.LoadAll()).Attempts);
    }

    [Fact]
    public void Save_OwnersOfAClusterWroteTheRunBefore_TheLaterStateCounts()
    {
        using var store = Open();
        var id = store.CreateFolder(Now);
        store.Save(New(id));
        store.Save(New(id) with { Attempts = 1 }, owner: 2);

        store.Save(New(id) with { Attempts = 2 });

        Assert.Equal(2, Assert.Single(store.LoadAll()).Attempts);
    }

    [Fact]
    public void LoadAll_SeveralRuns_OldestFirst()
    {
        using var store = Open();
        foreach (var minutes in new[] { 5, 1, 3 })
            store.Save(New(store.CreateFolder(Now.AddMinutes(minutes))) with { Created = Now.AddMinutes(minutes) });
        Assert.Equal([1, 3, 5], store.LoadAll().Select(run => (run.Created - Now).Minutes));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("""{"id":"20990101-000000-0000"}""")]
    [InlineData(null)]
    public void LoadAll_UnreadableRun_IsLeftOut(string? content)
    {
        using var store = Open();
        var good = store.CreateFolder(Now);
        store.Save(New(good));
        var bad = store.CreateFolder(Now);
        if (content is not null)
            File.WriteAllText(Path.Combine(store.FolderOf(bad), "run.json"), content);
        Directory.CreateDirectory(Path.Combine(store.FolderOf(".."), "runs", "something-else"));
        Assert.Equal(good, Assert.Single(store.LoadAll()).Id);
    }

    [Fact]
    public void LoadChanged_DamagedRun_IsLoggedOnceAndReadWhenItIsRepaired()
    {
        var log = new FakeLogger<RunStore>();
        using var store = RunStore.Shared(Folder, log);
        var id = store.CreateFolder(Now);
        var path = Path.Combine(store.FolderOf(id), "run.json");
        File.WriteAllText(path, "{");

        Assert.Empty(store.LoadChanged(_ => true));
        Assert.Empty(store.LoadChanged(_ => true));

        Assert.Equal(3001, Assert.Single(log.Collector.GetSnapshot()).Id.Id);
        // Written in its place: the time of the folder stays.
        File.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(New(id), RunJson.Default.Run));
        Assert.Equal(id, Assert.Single(store.LoadChanged(_ => true)).Id);
    }

    [Fact]
    public void LoadChanged_StoredAgainWithinOneStepOfTheFolderTime_IsReadAgain()
    {
        using var store = RunStore.Shared(Folder, new FakeLogger<RunStore>());
        var id = store.CreateFolder(Now);
        Save(1);
        Assert.Equal(1, Assert.Single(store.LoadChanged(_ => true)).Attempts);

        Save(2);

        Assert.Equal(2, Assert.Single(store.LoadChanged(_ => true)).Attempts);
        Assert.Empty(store.LoadChanged(_ => true));

        void Save(int attempts)
        {
            store.Save(New(id) with { Attempts = attempts });
            Directory.SetLastWriteTimeUtc(store.FolderOf(id), Now.UtcDateTime);
        }
    }

    [Fact]
    public void Open_SecondOrchestrator_IsRefused()
    {
        using var store = Open();
        var error = Assert.Throws<InvalidOperationException>(Open);
        Assert.Contains("Another orchestrator", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Save_Fails_LeavesTheFormerState()
    {
        using var store = Open();
        var id = store.CreateFolder(Now);
        store.Save(New(id));
        Directory.CreateDirectory(Path.Combine(store.FolderOf(id), "run.json.tmp"));
        Assert.ThrowsAny<Exception>(() => store.Save(New(id) with { Attempts = 2 }));
        Assert.Equal(0, Assert.Single(store.LoadAll()).Attempts);
    }

    private static Run New(string id) => SampleRun.New(id, at: Now);

    private RunStore Open() => new(Folder, NullLogger<RunStore>.Instance);
}
