using Pipeline.Files;

namespace Pipeline.Tests.Files;

public sealed class ReservedFolderTests : FolderTests
{
    [Fact]
    public void TryTake_TakenAlready_IsNullUntilItIsGivenBack()
    {
        using (Assert.IsType<IDisposable>(ReservedFolder.TryTake(Folder, "lock"), exactMatch: false))
            Assert.Null(ReservedFolder.TryTake(Folder, "lock"));

        using var again = ReservedFolder.TryTake(Folder, "lock");
        Assert.NotNull(again);
    }

    // Errors of Linux: EWOULDBLOCK; no file descriptor is left; a file system that can be read only.
    [Theory]
    [InlineData(11, true)]
    [InlineData(24, false)]
    [InlineData(30, false)]
    public void IsHeld_Error_IsTheOneOfALockOnly(int error, bool isHeld) => Assert.Equal(isHeld, ReservedFolder.IsHeld(error));
}
