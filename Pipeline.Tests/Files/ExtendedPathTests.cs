using Pipeline.Files;

namespace Pipeline.Tests.Files;

public sealed class ExtendedPathTests
{
    [Theory]
    [InlineData(@"C:\a\b.ndjson", @"\\?\C:\a\b.ndjson")]
    [InlineData(@"\\server\share\b.ndjson", @"\\?\UNC\server\share\b.ndjson")]
    [InlineData(@"\\?\C:\a", @"\\?\C:\a")]
    [InlineData(@"\\.\pipe\a", @"\\.\pipe\a")]
    public void Of_PathOfWindows_HasNoLimitOfLength(string path, string expected) => Assert.Equal(expected, ExtendedPath.Of(path));
}
