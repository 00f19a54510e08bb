using System.Runtime.Versioning;
using Pipeline.Cli;

namespace Pipeline.Tests.Cli;

public sealed class TemporaryFolderTests : FolderTests
{
    private string OfUser => InFolder($"pipeline-{Environment.UserName}");

    [Fact]
    public void OfUser_FolderThatAKilledOneLeft_IsTakenAwayAndOneInUseIsNot()
    {
        var left = Directory.CreateDirectory(Path.Combine(OfUser, ".run.1.tmp")).FullName;
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(OfUser, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.WriteAllText(Path.Combine(left, ".pipeline-lock"), "");
        using var used = TemporaryFolder.OfUser(Folder);
        Assert.False(Directory.Exists(left));

        using (var another = TemporaryFolder.OfUser(Folder))
            Assert.Equal(new[] { used.Path, another.Path }.Order(StringComparer.Ordinal), Directory.GetDirectories(OfUser).Order(StringComparer.Ordinal));

        Assert.Equal([used.Path], Directory.GetDirectories(OfUser));
    }

    [Fact]
    public void OfUser_SeveralAtOnce_TakeNoOthersFolderAway() => Parallel.For(0, 4_000, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ =>
    {
        using var folder = TemporaryFolder.OfUser(Folder);
        File.WriteAllText(Path.Combine(folder.Path, "file"), "");
    });

    [UnixFact]
    [UnsupportedOSPlatform("windows")]
    public void OfUser_FolderThatOthersMayEnter_IsRefused()
    {
        using (TemporaryFolder.OfUser(Folder))
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(OfUser));
        File.SetUnixFileMode(OfUser, File.GetUnixFileMode(OfUser) | UnixFileMode.OtherExecute);

        var error = Assert.Throws<CliException>(() => TemporaryFolder.OfUser(Folder));

        Assert.Equal((ExitCodes.Failed, $"{OfUser} cannot be used: other users may enter it; set TMPDIR to another folder"), (error.ExitCode, error.Message));
    }
}
