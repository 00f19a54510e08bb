using Pipeline.Files;

namespace Pipeline.Tests.Files;

public sealed class ReservedFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("reserved-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void TryTake_TakenAlready_IsNullUntilItIsGivenBack()
    {
        using (Assert.IsType<IDisposable>(ReservedFolder.TryTake(_folder, "lock"), exactMatch: false))
            Assert.Null(ReservedFolder.TryTake(_folder, "lock"));

        using var again = ReservedFolder.TryTake(_folder, "lock");
        Assert.NotNull(again);
    }

    // Errors of Linux: EWOULDBLOCK; no file descriptor is left; a file system that can be read only.
    [Theory]
    [InlineData(11, true)]
    [InlineData(24, false)]
    [InlineData(30, false)]
    public void IsHeld_Error_IsTheOneOfALockOnly(int error, bool isHeld) => Assert.Equal(isHeld, ReservedFolder.IsHeld(error));
}
