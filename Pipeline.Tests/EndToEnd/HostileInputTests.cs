using System.IO.Compression;
using System.Text;
using Pipeline.Client.Runs;
using Pipeline.Contracts;
using Pipeline.Tests.Faults;

namespace Pipeline.Tests.EndToEnd;

/// <summary>Hostile inputs through the whole pipeline: each gives a result, a reject or a clear error, in bounded memory.</summary>
[Collection(PipelineCollection.Name)]
public sealed class HostileInputTests(PipelineFixture fixture)
{
    private const long MaxBytes = 250L * 1024 * 1024;
    private const string Good = """{"ts":"2026-01-01T00:00:00Z","type":"click","user":"u","value":50}""" + "\n";

    private PipelineUnderTest Pipeline => fixture.Pipeline;

    [Theory]
    [InlineData("zeros", "line_too_long")]
    [InlineData("brackets", "line_too_long")]
    [InlineData("a number without end", "line_too_long")]
    [InlineData("nesting", "invalid_json")]
    [InlineData("a huge number", "value_out_of_range")]
    [InlineData("a lone surrogate", "lone_surrogate")]
    public async Task Run_HostileLine_IsRejectedAloneInBoundedMemory(string name, string reason)
    {
        const int large = 100 << 20;
        var folder = Pipeline.Folder($"hostile-{name.Replace(' ', '-')}");
        var input = Path.Combine(folder, "input.ndjson");
        await using (var file = File.Create(input))
        {
            await file.WriteAsync(Encoding.UTF8.GetBytes(Good));
            switch (name)
            {
                case "zeros": Fill(file, 0, large); break;
                case "brackets": Fill(file, (byte)'[', large); break;
                case "a number without end": Fill(file, (byte)'9', large); break;
                case "nesting": Fill(file, (byte)'[', 1_000_000); break;
                case "a huge number":
                    await file.WriteAsync(Encoding.UTF8.GetBytes(Good.Replace("50", new string('9', 100_000), StringComparison.Ordinal).TrimEnd()));
                    break;
                default: await file.WriteAsync(Encoding.UTF8.GetBytes(Good.Replace("\"u\"", "\"\\udc00\"", StringComparison.Ordinal).TrimEnd())); break;
            }

            await file.WriteAsync(Encoding.UTF8.GetBytes("\n" + Good.TrimEnd()));
        }

        var run = await Pipeline.RunAsync(NewRun(folder, input));

        Assert.Equal((RunState.Completed, 1), (run.State, run.Attempts));
        Assert.Equal(new RunCounts { Lines = 3, Events = 2, Rejected = 1 }, run.Counts);
        Assert.Contains($"\"reason\":\"{reason}", Assert.Single(File.ReadAllLines(run.Rejects!)), StringComparison.Ordinal);
        Assert.All(run.Stages, stage => Assert.True(stage.ProcessPeakRssBytes < MaxBytes, $"{stage.Role} took {stage.ProcessPeakRssBytes >> 20} MB"));
    }

    [Fact]
    public async Task Run_FileWithoutNewline_IsOneReject()
    {
        var folder = Pipeline.Folder("no-newline");
        var input = Path.Combine(folder, "input.ndjson");
        await using (var file = File.Create(input))
            Fill(file, (byte)'x', 50 << 20);

        var run = await Pipeline.RunAsync(NewRun(folder, input));

        Assert.Equal((RunState.Completed, new RunCounts { Lines = 1, Rejected = 1 }), (run.State, run.Counts));
    }

    [Fact]
    public async Task Run_TruncatedGzip_FailsWithoutResults()
    {
        var folder = Pipeline.Folder("cut-off");
        var input = Path.Combine(folder, "input.ndjson.gz");
        using var bytes = new MemoryStream();
        await using (var stream = new GZipStream(bytes, CompressionLevel.Fastest, leaveOpen: true))
            MixedInput.Write(stream, 5_000, 3);
        await File.WriteAllBytesAsync(input, bytes.ToArray()[..(int)(bytes.Length / 2)]);

        var run = await Pipeline.RunAsync(NewRun(folder, input));

        Assert.Equal((RunState.Failed, FailureReasons.InputCorrupt), (run.State, run.Error?.Reason));
        Assert.False(File.Exists(run.Output));
    }

    [UnixFact]
    public async Task Run_InputIsAFifo_Fails()
    {
        var folder = Pipeline.Folder("fifo");
        var input = Path.Combine(folder, "input.ndjson");
        Fifo.Create(input);

        var run = await Pipeline.RunAsync(NewRun(folder, input));

        Assert.Equal((RunState.Failed, FailureReasons.InputUnreadable), (run.State, run.Error?.Reason));
    }

    [Theory]
    [InlineData("replaced")]
    [InlineData("shrunk")]
    [InlineData("removed")]
    public async Task Resume_InputChangedSinceThePause_FailsWithoutResults(string how)
    {
        var folder = Pipeline.Folder($"input-{how}");
        var input = FaultBench.Write(Path.Combine(folder, "input.ndjson"), 20_000, 0.01);
        var settings = NewRun(folder, input);
        // Slow enough to be under way still when it is asked to pause.
        settings.Rate = 2_000;
        var run = await Pipeline.UntilAsync(await Pipeline.Api.StartAsync(settings), now => now.Progress.Lines > 0);
        await Pipeline.Api.PauseAsync(run.Id);
        Assert.Equal(RunState.Paused, (await Pipeline.RestAsync(run)).State);
        var whole = await File.ReadAllBytesAsync(input);
        switch (how)
        {
            case "replaced":
                // Same length, another line near the beginning.
                whole.AsSpan(0, 40).Fill((byte)'x');
                await File.WriteAllBytesAsync(input, whole);
                break;
            case "shrunk":
                await File.WriteAllBytesAsync(input, whole[..(whole.Length / 2)]);
                break;
            default:
                File.Delete(input);
                break;
        }

        await Pipeline.Api.ResumeAsync(run.Id);
        run = await Pipeline.RestAsync(run);

        Assert.Equal(RunState.Failed, run.State);
        Assert.Equal(how == "removed" ? FailureReasons.InputUnreadable : FailureReasons.InputChanged, run.Error?.Reason);
        Assert.False(File.Exists(run.Output));
    }

    [Fact]
    public async Task Run_InputGrowsWhileItIsRead_AppendedLinesAreNotRead()
    {
        var folder = Pipeline.Folder("input-grows");
        var input = Path.Combine(folder, "input.ndjson");
        const int lines = 20_000;
        const double seconds = 6;
        FaultBench.Write(input, lines, 0.01);
        var settings = NewRun(folder, input);
        settings.Rate = lines / seconds;
        var run = await Pipeline.UntilAsync(await Pipeline.Api.StartAsync(settings), now => now.Progress.Lines > 0);
        await File.AppendAllTextAsync(input, Good + Good);
        run = await Pipeline.Api.GetAsync(run.Id);
        Assert.Equal(RunState.Running, run.State);
        Assert.InRange(run.Progress.Lines, 1, lines - 1);

        run = await Pipeline.RestAsync(run);

        Assert.Equal((RunState.Completed, lines), (run.State, run.Counts.Lines));
    }

    [Theory]
    [InlineData("through a link")]
    [InlineData("by dots")]
    public async Task Start_OutputOutsideTheRoots_IsRefusedAndWritesNothing(string how)
    {
        var folder = Pipeline.Folder($"outside-{how.Replace(' ', '-')}");
        using var outside = new TestFolder();
        var input = Path.Combine(folder, "input.ndjson");
        await File.WriteAllTextAsync(input, Good);
        var output = Path.Combine(folder, "..", "..", "..", outside.Path.TrimStart('/'), "results.ndjson");
        if (how == "through a link")
        {
            Directory.CreateSymbolicLink(Path.Combine(folder, "link"), outside.Path);
            output = Path.Combine(folder, "link", "results.ndjson");
        }

        var settings = NewRun(folder, input);
        settings.Output = output;
        var error = await Assert.ThrowsAsync<RunsApiException>(() => Pipeline.Api.StartAsync(settings));

        Assert.Contains("lies under none of the folders that may be used", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(outside.Path));
    }

    private static void Fill(FileStream file, byte value, int count)
    {
        var block = new byte[1 << 20];
        block.AsSpan().Fill(value);
        for (var left = count; left > 0; left -= block.Length)
            file.Write(block.AsSpan(0, Math.Min(left, block.Length)));
    }

    private static RunSettings NewRun(string folder, string input) => new()
    {
        Input = input,
        Output = Path.Combine(folder, "results.ndjson"),
        CheckpointIntervalMillis = 20,
    };
}
