using System.Runtime.Versioning;
using Pipeline.AppHost.Logs;

namespace Pipeline.Tests.AppHost.Logs;

public sealed class RotatingFileTests : FolderTests
{
    private string LogPath => Path.Combine(Folder, "logs", "parse.log");

    [Fact]
    public async Task Write_FileOfFormerStart_KeepsItAside()
    {
        for (var start = 1; start <= 3; start++)
        {
            await using var file = new RotatingFile(LogPath);
            await file.WriteAsync([$"start {start}"]);
        }

        Assert.Equal(["start 3"], await File.ReadAllLinesAsync(LogPath));
        Assert.Equal(["start 2"], await File.ReadAllLinesAsync(LogPath + ".1"));
    }

    [Fact]
    public async Task Write_FullFile_MovesItAside()
    {
        await using (var file = new RotatingFile(LogPath))
        {
            await file.WriteAsync([new string('x', (int)RotatingFile.MaxLength)]);
            await file.WriteAsync(["after"]);
        }

        Assert.Equal(["after"], await File.ReadAllLinesAsync(LogPath));
        Assert.True(new FileInfo(LogPath + ".1").Length > RotatingFile.MaxLength);
    }

    [Fact]
    public async Task Write_FormerFileCannotBeMovedAside_AppendsToIt()
    {
        Directory.CreateDirectory(LogPath + ".1");
        await File.WriteAllLinesAsync(LogPath, ["before"]);

        await using (var file = new RotatingFile(LogPath))
            await file.WriteAsync(["now"]);

        Assert.Equal(["before", "now"], await File.ReadAllLinesAsync(LogPath));
    }

    [UnixFact]
    public async Task Write_NextFileCouldNotBeOpened_TriesAgain()
    {
        var folder = Path.GetDirectoryName(LogPath)!;
        await using var file = new RotatingFile(LogPath);
        await file.WriteAsync([new string('x', (int)RotatingFile.MaxLength)]);
        Directory.Delete(folder, recursive: true);
        await File.WriteAllTextAsync(folder, "not a directory");
        Assert.IsType<IOException>(await Record.ExceptionAsync(() => file.WriteAsync(["lost"])));
        File.Delete(folder);

        await file.WriteAsync(["after"]);

        Assert.Equal(["after"], await File.ReadAllLinesAsync(LogPath));
    }

    [UnixFact]
    [UnsupportedOSPlatform("windows")]
    public async Task Write_ReadableFolder_OnlyTheOwnerMayRead()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(LogPath)!, (UnixFileMode)0b111_101_101);
        await using var file = new RotatingFile(LogPath);

        await file.WriteAsync([]);

        Assert.Equal((UnixFileMode)0b111_000_000, File.GetUnixFileMode(Path.GetDirectoryName(LogPath)!));
        Assert.Equal((UnixFileMode)0b110_000_000, File.GetUnixFileMode(LogPath));
    }
}
