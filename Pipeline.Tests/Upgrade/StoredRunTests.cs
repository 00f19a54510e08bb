using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Client.Runs;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Orchestrator.Runs;
using Pipeline.Stages.Monolith;

namespace Pipeline.Tests.Upgrade;

/// <summary>
/// A run that another version has paused. Layout1 is what version 0.1.0 left of one over its events.ndjson (FOLDER in run.json stands
/// for the folder of the input), and the results that the run ends with. It is never changed: a new layout gets a folder of its own.
/// </summary>
public sealed class StoredRunTests : FolderTests
{
    private static readonly DateTime InputWritten = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    [Fact]
    public async Task Resume_RunPausedWithLayout1_EndsWithTheSameBytes()
    {
        var (open, run) = Load();

        var completed = await ResumeAsync(open);

        Assert.Equal((RunState.Paused, 25L), (run.State, completed.Counts.Lines));
        Assert.InRange(run.Counts.Rejected, 1, completed.Counts.Rejected - 1);
        foreach (var name in new[] { "results.ndjson", "results.rejects.ndjson" })
            Assert.Equal(File.ReadAllBytes(Path.Combine(Layout1(), name)), File.ReadAllBytes(InFolder(name)));
    }

    [Fact]
    public async Task Resume_CheckpointOfAnUnknownLayout_FailsAndWritesNothing()
    {
        var (open, _) = Load();
        var path = Path.Combine(open.Options.WorkDirectory, "checkpoint.1");
        var bytes = File.ReadAllBytes(path);
        bytes["PIPECKPT".Length] = byte.MaxValue;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(^sizeof(ulong)..), XxHash3.HashToUInt64(bytes.AsSpan(..^sizeof(ulong))));
        File.WriteAllBytes(path, bytes);

        var error = await Assert.ThrowsAsync<StageException>(() => ResumeAsync(open));

        Assert.Equal(FailureReasons.CheckpointCorrupt, error.Failure.Reason);
        Assert.False(File.Exists(InFolder("results.ndjson")));
    }

    /// <summary>Puts the stored run into a data directory, and reads it as an orchestrator does that starts.</summary>
    private (OpenRun Open, Run Run) Load()
    {
        var input = InFolder("events.ndjson");
        File.Copy(Path.Combine(Layout1(), "events.ndjson"), input);
        File.SetLastWriteTimeUtc(input, InputWritten);
        var json = File.ReadAllText(Path.Combine(Layout1(), "run", "run.json"))
            .Replace("FOLDER", JsonEncodedText.Encode(Folder).ToString(), StringComparison.Ordinal);
        using var document = JsonDocument.Parse(json);
        var id = document.RootElement.GetProperty("id").GetString()!;
        var work = Directory.CreateDirectory(Path.Combine(Folder, "data", "runs", id)).FullName;
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Layout1(), "run")))
            File.Copy(file, Path.Combine(work, Path.GetFileName(file)));
        File.WriteAllText(Path.Combine(work, "run.json"), json);

        using var store = new RunStore(InFolder("data"), NullLogger<RunStore>.Instance);
        var run = Assert.Single(store.LoadAll());
        var open = new OpenRun { RunId = run.Id, Attempt = run.Attempts + 1, Options = RunOptionsMapping.ToOptions(run, work) };
        // It was slow, so that it could be paused in its middle.
        open.Options.Rate = 0;
        return (open, run);
    }

    // The stages that the services run, in this process.
    private Task<RunCompleted> ResumeAsync(OpenRun open) => MonolithRunner.RunAsync(
        open, new MonolithOptions { Threads = 1, Roots = [Folder] }, null, null, CancellationToken.None, CancellationToken.None);

    private static string Layout1() => Path.Combine(Repository.Root, "Pipeline.Tests", "Upgrade", "Layout1");
}
