using System.IO.Compression;
using System.Text;
using Pipeline.Client.Runs;
using Pipeline.Contracts;
using Pipeline.Files;
using Pipeline.Orchestrator.Partitions;

namespace Pipeline.Tests.Orchestrator.Partitions;

public sealed class PartitionPlanTests : FolderTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(100)]
    public void Make_OneFile_SlicesBeginAtLinesAndCoverAll(int partitions)
    {
        var content = string.Concat(Enumerable.Range(0, 50).Select(line => new string('x', line % 11) + (line % 3 == 0 ? "\r\n" : "\n"))) + "no end";
        var plan = Make(Write("a.ndjson", content), partitions);

        Assert.InRange(plan.Slices.Count, Math.Min(partitions, 7), partitions);
        Assert.Equal(content, string.Concat(plan.Slices.Select(slice => content[(int)slice.FirstByte..(int)slice.EndByte])));
        Assert.All(plan.Slices, slice => Assert.True(slice.FirstByte == 0 || content[(int)slice.FirstByte - 1] == '\n'));
        Assert.All(plan.Slices, slice => Assert.True(slice.Bytes > 0));
    }

    [Theory]
    [InlineData("")]
    [InlineData("one line without an end")]
    [InlineData("one line\n")]
    public void Make_NoSecondLine_OneSlice(string content)
    {
        var plan = Make(Write("a.ndjson", content), 4);

        Assert.Equal((0, content.Length), (Assert.Single(plan.Slices).FirstByte, (int)plan.Slices[0].EndByte));
    }

    [Theory]
    [InlineData(500, 4, 1)]
    [InlineData(600, 1, 1)]
    [InlineData(600, 4, 2)]
    [InlineData(2_000, 4, 4)]
    [InlineData(10_000, 2, 4)]
    [InlineData(100_000, 4, 28)]
    public void Make_Auto_AMultipleOfTheLanesOf256MiBTo4GiB(long mebibytes, int lanes, int slices)
    {
        const int Lines = 5_000;
        var path = InFolder("large.ndjson");
        using (var file = File.Create(path))
        {
            // Sparse: it takes up a block for each line.
            for (var line = 1; line <= Lines; line++)
            {
                file.Position = ((mebibytes << 20) / Lines * line) - 1;
                file.WriteByte((byte)'\n');
            }

            file.SetLength(mebibytes << 20);
        }

        Assert.Equal(slices, Make(path, 0, lanes).Slices.Count);
    }

    [Fact]
    public void Make_Folder_JoinsSmallFilesAndKeepsCompressedOnesWhole()
    {
        Write("a.ndjson", "1\n2\n");
        Write("b.ndjson", "3\n");
        Write("c.ndjson", string.Concat(Enumerable.Repeat("0123456789\n", 10)));
        using (var gzip = new GZipStream(File.Create(InFolder("d.ndjson.gz")), CompressionLevel.NoCompression))
            gzip.Write(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("0123456789\n", 10))));
        Write("e.ndjson", "9\n");
        Write("notes.txt", "no input");

        var plan = Make(Folder, 6);

        Assert.Equal(
            ["a.ndjson to b.ndjson", "c.ndjson, bytes 0 to 44", "c.ndjson, bytes 44 to 77", "c.ndjson, bytes 77 to 110", "d.ndjson.gz", "e.ndjson"],
            plan.Slices.Select(slice => slice.ToString()));
        Assert.Equal(["notes.txt"], plan.Skipped?.Paths);
    }

    [Fact]
    public void Make_FileSlightlyLongerThanASlice_StaysWhole()
    {
        foreach (var (name, lines) in new[] { ("a", 10), ("b", 12), ("c", 8) })
            Write($"{name}.ndjson", string.Concat(Enumerable.Repeat("012345678\n", lines)));

        Assert.Equal(["a.ndjson", "b.ndjson", "c.ndjson"], Make(Folder, 3).Slices.Select(slice => slice.ToString()));
    }

    [Fact]
    public void Make_SmallFilesBetweenLargeOnes_NoMoreThanTheMostSlices()
    {
        for (var pair = 0; pair < 2_000; pair++)
        {
            Write($"{pair:0000}-large.ndjson", "012345678\n012345678\n");
            Write($"{pair:0000}-small.ndjson", "0\n");
        }

        Assert.InRange(Make(Folder, RunSettingsCheck.MaxPartitions).Slices.Count, 2, RunSettingsCheck.MaxPartitions);
    }

    [Fact]
    public void Load_Saved_IsTheSame()
    {
        var plan = Make(Write("a.ndjson", "1\n2\n3\n"), 2);
        Assert.Null(PartitionPlan.Load(Folder));

        plan.Save(Folder);

        Assert.Equal(plan.Slices.Select(slice => slice.ToString()), PartitionPlan.Load(Folder)!.Slices.Select(slice => slice.ToString()));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("null")]
    public void Load_Damaged_SaysThatARunIsToBeStartedAnew(string content)
    {
        var path = Write("plan.json", content);

        var error = Assert.Throws<StageException>(() => PartitionPlan.Load(Folder));

        Assert.Equal(FailureReasons.CheckpointCorrupt, error.Failure.Reason);
        Assert.StartsWith($"'{path}' is damaged: ", error.Message, StringComparison.Ordinal);
        Assert.EndsWith(" Start a new run.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Save_AnotherMachineWasFaster_IsThePlanOfThatOne()
    {
        var input = Write("a.ndjson", "1\n2\n3\n");
        Make(input, 3).Save(Folder);

        Assert.Equal(3, Make(input, 2).Save(Folder).Slices.Count);
    }

    [Fact]
    public void Make_FileDeletedSinceItWasListed_IsUnreadable()
    {
        var path = Write("a.ndjson", "1\n2\n");
        var catalog = InputCatalog.Read(Folder, "", [Folder]);
        File.Delete(path);

        Assert.Equal(FailureReasons.InputUnreadable, Assert.Throws<StageException>(() => PartitionPlan.Make(catalog, 2, lanes: 2)).Failure.Reason);
    }

    private PartitionPlan Make(string input, int partitions, int lanes = 2) =>
        PartitionPlan.Make(InputCatalog.Read(input, "", [Folder]), partitions, lanes);
}
