using System.Text;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Files;
using Pipeline.Tests.EndToEnd;

namespace Pipeline.Tests.Stages.Sink.Partials;

public sealed class PartialMergeTests : IDisposable
{
    // Values of several scales, a boolean, and lines that fail.
    private const string Rules = """
        {"rules":[{"drop":"type == 'view'"},{"set":"big","to":"value > 50"},{"set":"value","to":"type == 'click' ? value / 8 : value"},
        {"set":"part","to":"100 / (value - 60)"}]}
        """;

    private readonly SlicedInput _run = new();

    public void Dispose() => _run.Dispose();

    [Theory]
    [InlineData("file", ".ndjson", "", "type")]
    [InlineData("file", ".ndjson.gz", "", "user", "type")]
    [InlineData("file", ".ndjson", Rules, "type", "big", "value")]
    [InlineData("folder", ".ndjson", "", "type")]
    [InlineData("folder", ".ndjson.gz", Rules, "big", "user")]
    [InlineData("folder", ".ndjson", Rules, "offset", "big")]
    public async Task Merge_RandomSlices_GivesTheBytesOfTheWholeRun(string input, string extension, string rules, params string[] groupBy)
    {
        Prepare(input);
        _run.Extension = extension;
        _run.Options.Rules = rules;
        _run.Options.GroupBy.Clear();
        _run.Options.GroupBy.AddRange(groupBy);
        _run.Options.ExtraAggregates.AddRange(["min", "max"]);
        var whole = await _run.RunWholeAsync();
        Assert.All(new[] { whole.Counts.Events, whole.Counts.Rejected, whole.Counts.WorkItems, whole.Counts.Blank }, count => Assert.NotEqual(0, count));
        var random = new Random(20);
        for (var time = 0; time < 6; time++)
        {
            var slices = _run.RandomSlices(random);
            await _run.RunSlicesAsync(slices);
            var merged = await _run.MergeAsync();

            Assert.Equal(whole.Counts, merged.Counts);
            Assert.Equal(_run.Written("whole"), _run.Written("merged"));
            Assert.Equal(OutputFiles.Of(Path.Join(_run.Folder.Path, $"merged{extension}")), new OutputFiles(merged.Output, merged.Rejects));
            foreach (var file in Directory.EnumerateFiles(_run.Folder.Path)
                .Where(file => !Path.GetFileName(file).StartsWith("whole", StringComparison.Ordinal)).ToList())
            {
                if (file != _run.Options.Input)
                    File.Delete(file);
            }
        }
    }

    [Fact]
    public async Task Merge_PartialResults_CountsWhatItReadsAndWritesMeanwhile()
    {
        Prepare("file");
        await _run.RunSlicesAsync(_run.RandomSlices(new Random(20)));
        var partials = Directory.EnumerateFiles(_run.Folder.Path, "partial-*").Sum(file => new FileInfo(file).Length);

        await _run.MergeAsync();

        Assert.Equal(_run.Written("merged").Sum(file => file?.Length ?? 0), _run.Meter.FileBytesWritten);
        Assert.Equal(partials, _run.Meter.FileBytesRead);
    }

    [Fact]
    public async Task Merge_OneEmptyFile_GivesTheBytesOfTheWholeRun()
    {
        _run.Options.Input = _run.Folder.Write("in.ndjson", "");
        var whole = await _run.RunWholeAsync();
        await _run.RunSlicesAsync(_run.RandomSlices(new Random(1)));

        Assert.Equal(whole.Counts, (await _run.MergeAsync()).Counts);
        Assert.Equal(_run.Written("whole"), _run.Written("merged"));
    }

    [Fact]
    public async Task Run_SliceThatIsDrainedAgainAndAgain_GivesTheSamePartialResult()
    {
        Prepare("file");
        var file = InputCatalog.Read(_run.Options.Input, "", [_run.Folder.Path]).Files[0];
        var content = File.ReadAllBytes(_run.Options.Input);
        var slice = new InputSlice { Files = { file }, FirstByte = Array.IndexOf(content, (byte)'\n', content.Length / 3) + 1, EndByte = file.Length };
        _run.Options.BatchSize = 50;
        var once = await _run.RunAsync(_run.OpenOf("once", slice));

        using var drained = new CancellationTokenSource();
        await drained.CancelAsync();
        var open = _run.OpenOf("often", slice);
        var often = await _run.RunAsync(open, drained.Token);
        var attempts = 1;
        for (; often.Drained && attempts < 10; attempts++)
        {
            open.Attempt++;
            often = await _run.RunAsync(open, drained.Token);
        }

        open.Attempt++;
        often = often.Drained ? await _run.RunAsync(open) : often;
        Assert.True(attempts > 3, $"only {attempts} attempts");
        Assert.Equal(once.Counts, often.Counts);
        Assert.Equal(File.ReadAllBytes(once.Output), File.ReadAllBytes(often.Output));
        Assert.Equal(File.ReadAllBytes(once.Rejects), File.ReadAllBytes(often.Rejects));
    }

    [Fact]
    public async Task Merge_AgainAfterItsAnswerWasLost_AnswersTheSame()
    {
        await PrepareMergeAsync();
        var first = await _run.MergeAsync();
        var written = File.GetLastWriteTimeUtc(first.Output);
        // The folders of the slices' runs may have been deleted before the second attempt.
        Directory.Delete(_run.Partials[0], recursive: true);

        Assert.Equal(first, await _run.MergeAsync(attempt: 2));
        Assert.Equal(written, File.GetLastWriteTimeUtc(first.Output));
    }

    [Theory]
    [InlineData(Fault.Before)]
    [InlineData(Fault.After)]
    [InlineData(Fault.Half)]
    public async Task Merge_DeathAtAnyOperation_ChangesNothingThatComesOut(Fault fault)
    {
        var whole = await PrepareMergeAsync();
        _run.MergeOpen.Options.Overwrite = true;
        var operations = int.MaxValue;
        for (var at = 1; at <= operations; at++)
        {
            _run.MergeOpen.RunId = $"merge-{fault}-{at}";
            _run.MergeOpen.Options.WorkDirectory = Path.Join(_run.Folder.Path, "work", _run.MergeOpen.RunId);
            var disk = new SimulatedDisk { FailAt = at, Fault = fault };
            if (await Record.ExceptionAsync(() => _run.MergeAsync(1, disk)) is null && disk.Operations < at)
            {
                Assert.InRange(at, 15, 100);
                return;
            }

            Assert.Equal(whole.Counts, (await _run.MergeAsync(2)).Counts);
            Assert.Equal(_run.Written("whole"), _run.Written("merged"));
            Assert.Empty(Directory.EnumerateFiles(_run.Folder.Path, ".*.tmp"));
        }
    }

    [Fact]
    public async Task Merge_ToldToDrain_AnswersSoAndCanBeDoneLater()
    {
        await PrepareMergeAsync();
        var drained = await _run.MergeAsync(1, drain: ControlAction.Drain);
        Assert.True(drained.Drained);
        Assert.False(File.Exists(_run.MergeOpen.Options.Output));

        Assert.False((await _run.MergeAsync(2)).Drained);
        Assert.Equal(_run.Written("whole"), _run.Written("merged"));
    }

    [Theory]
    [InlineData("note missing")]
    [InlineData("note damaged")]
    [InlineData("result missing")]
    [InlineData("result changed")]
    [InlineData("rejects changed")]
    [InlineData("whole run")]
    [InlineData("out of order")]
    [InlineData("one missing")]
    public async Task Merge_DamagedPartial_NamesItsFolder(string how)
    {
        await PrepareMergeAsync();
        var (folders, damaged) = (_run.MergeOpen.Options.Partials, _run.Partials[1]);
        var note = Path.Join(damaged, "completed");
        switch (how)
        {
            case "note missing":
                File.Delete(note);
                break;
            case "note damaged":
                TestFolder.Damage(note);
                break;
            case "result missing":
                File.Delete(Path.Join(_run.Folder.Path, "partial-1"));
                break;
            case "result changed":
                TestFolder.Damage(Path.Join(_run.Folder.Path, "partial-1"));
                break;
            case "rejects changed":
                TestFolder.Damage(Path.Join(_run.Folder.Path, "partial-1.rejects"));
                break;
            case "whole run":
                var whole = _run.OpenOf("another.ndjson", slice: null);
                await _run.RunAsync(whole);
                folders[1] = damaged = whole.Options.WorkDirectory;
                break;
            case "out of order":
                (folders[1], folders[2]) = (folders[2], folders[1]);
                damaged = folders[1];
                break;
            case "one missing":
                folders.RemoveAt(1);
                damaged = folders[1];
                break;
        }

        var failure = await Assert.ThrowsAsync<StageException>(() => _run.MergeAsync());

        Assert.Equal(FailureReasons.CheckpointCorrupt, failure.Failure.Reason);
        Assert.Contains($"'{damaged}'", failure.Message);
        Assert.False(File.Exists(_run.MergeOpen.Options.Output));
    }

    [Fact]
    public async Task Merge_FolderOutsideTheRoots_IsRefused()
    {
        using var elsewhere = new TestFolder();
        await PrepareMergeAsync();
        _run.MergeOpen.Options.Partials[1] = elsewhere.Path;

        Assert.Equal(FailureReasons.PathOutsideRoots, (await Assert.ThrowsAsync<StageException>(() => _run.MergeAsync())).Failure.Reason);
    }

    [Theory]
    [InlineData("slice and partials", "either reads a slice or merges")]
    [InlineData("compressed", "name it without .gz")]
    public async Task Open_OptionsThatDoNotGoTogether_AreRefused(string what, string message)
    {
        Prepare("file");
        var open = _run.OpenOf(what == "compressed" ? "partial.gz" : "partial", _run.RandomSlices(new Random(1))[0]);
        if (what != "compressed")
            open.Options.Partials.Add(_run.Folder.Path);

        var failure = await Assert.ThrowsAsync<StageException>(() => _run.RunAsync(open));

        Assert.Equal(FailureReasons.InvalidOptions, failure.Failure.Reason);
        Assert.Contains(message, failure.Message);
    }

    private async Task<RunCompleted> PrepareMergeAsync()
    {
        Prepare("file");
        var whole = await _run.RunWholeAsync();
        var file = InputCatalog.Read(_run.Options.Input, "", [_run.Folder.Path]).Files[0];
        var content = File.ReadAllBytes(_run.Options.Input);
        long[] cuts = [0, .. new[] { 1, 2, 3 }.Select(part => Array.IndexOf(content, (byte)'\n', content.Length * part / 4) + 1L), content.Length];
        await _run.RunSlicesAsync(cuts.Zip(cuts.Skip(1)).Select(cut => new InputSlice { Files = { file }, FirstByte = cut.First, EndByte = cut.Second }));
        return whole;
    }

    private void Prepare(string input)
    {
        if (input == "file")
        {
            _run.Options.Input = _run.Folder.Write("in.ndjson", Mixed(3000, 1));
            return;
        }

        _run.Folder.Write("in/a.ndjson", Mixed(1500, 2));
        _run.Folder.Write("in/b.ndjson", Mixed(20, 3));
        _run.Folder.Write("in/c/d.ndjson.gz", Gzip.Compress(Mixed(700, 4)));
        _run.Folder.Write("in/e.ndjson", [0xEF, 0xBB, 0xBF, .. Mixed(800, 5)[..^1]]);
        _run.Options.Input = Path.Join(_run.Folder.Path, "in");
    }

    private static byte[] Mixed(int lines, int seed)
    {
        using var mixed = new MemoryStream();
        MixedInput.Write(mixed, lines, seed, badShare: 0.03);
        var item = 0;
        return
        [
            .. mixed.ToArray().Chunk(2000).SelectMany(chunk => Array.IndexOf(chunk, (byte)'\n') is var end && end < 0
                ? chunk
                : [.. chunk[..(end + 1)], .. ItemOf(++item), .. chunk[(end + 1)..]]),
        ];
    }

    private static byte[] ItemOf(int number) => Encoding.UTF8.GetBytes(
        $"\n{{\"id\":\"w-{number}\",\"vectors\":[{{\"values\":[1,2,{number}.5]}}],\"matrix\":{{\"rows\":[{{\"values\":[1,2]}}]}},"
        + "\"text\":\"x\",\"iterations\":20}\n");
}
