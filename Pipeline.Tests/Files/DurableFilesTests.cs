using System.Text;
using Pipeline.Files;

namespace Pipeline.Tests.Files;

public sealed class DurableFilesTests : FolderTests
{
    private string Target => InFolder("run.json");

    [Fact]
    public async Task Replace_TwoWritersAtOnce_LeavesAWholeFileOfOne()
    {
        string[] contents = [new string('a', 10_000), new string('b', 20_000)];
        var writers = contents.Select((content, writer) => Task.Run(() =>
        {
            for (var time = 0; time < 100; time++)
                DurableFiles.Private.Replace(Target, Encoding.ASCII.GetBytes(content), "run", $"writer{writer}");
        }));

        await Task.WhenAll(writers);

        Assert.Contains(await File.ReadAllTextAsync(Target), contents);
        Assert.Equal([Target], Directory.GetFiles(Folder));
    }

    [Fact]
    public void TryRename_NameIsTaken_LeavesBothFiles()
    {
        var other = InFolder("other");
        File.WriteAllText(Target, "first");
        File.WriteAllText(other, "second");

        Assert.False(DurableFiles.Private.TryRename(other, Target, "test"));

        Assert.Equal(("first", "second"), (File.ReadAllText(Target), File.ReadAllText(other)));
    }

    [Fact]
    public async Task TryCreate_ManyAtOnce_OneSucceedsAndItsFileStays()
    {
        var writers = Enumerable.Range(0, 16).Select(writer => Task.Run(() =>
            DurableFiles.Private.TryCreate(Target, [(byte)writer], "plan")));

        var outcomes = await Task.WhenAll(writers);

        var winner = Assert.Single(outcomes.Index(), outcome => outcome.Item).Index;
        Assert.Equal([(byte)winner], await File.ReadAllBytesAsync(Target));
        Assert.Equal([Target], Directory.GetFiles(Folder));
    }
}
