using Microsoft.Extensions.Time.Testing;
using Pipeline.Files;

namespace Pipeline.Tests.Files;

public sealed class WindowsRetryTests
{
    private const int SharingViolation = unchecked((int)0x80070020);
    private const int FileNotFound = unchecked((int)0x80070002);

    private readonly FakeTimeProvider _time = new();
    private readonly List<TimeSpan> _pauses = [];

    [Fact]
    public void Run_SharingViolationTwice_SucceedsAtTheThirdTry()
    {
        var tries = 0;
        Run(() =>
        {
            if (++tries < 3)
                throw new IOException("in use", SharingViolation);
        });
        Assert.Equal((3, 2), (tries, _pauses.Count));
    }

    [Fact]
    public void Run_AccessDeniedForLong_FailsAfterAboutTwoSeconds()
    {
        Assert.Throws<UnauthorizedAccessException>(() => Run(() => throw new UnauthorizedAccessException()));
        Assert.InRange(_pauses.Aggregate(TimeSpan.Zero, (sum, pause) => sum + pause), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2.5));
    }

    [Fact]
    public void Run_OtherError_FailsAtOnce()
    {
        Assert.Throws<IOException>(() => Run(() => throw new IOException("not there", FileNotFound)));
        Assert.Empty(_pauses);
    }

    [Theory]
    [InlineData(22, true)]
    [InlineData(5, false)]
    public void HasNoFolderFlush_ErrorOfTheFileSystem_IsToldFromAFailure(int error, bool expected) =>
        Assert.Equal(expected, DurableFiles.HasNoFolderFlush(error));

    private void Run(Action operation) => WindowsRetry.Run(operation, _time, pause =>
    {
        _pauses.Add(pause);
        _time.Advance(pause);
    });
}
