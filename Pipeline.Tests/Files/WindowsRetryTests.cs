using Microsoft.Extensions.Time.Testing;
using Pipeline.Files;

namespace Pipeline.Tests.Files;

public sealed class WindowsRetryTests
{
    private const int FileNotFound = unchecked((int)0x80070002);

    private readonly FakeTimeProvider _time = new();
    private readonly List<TimeSpan> _pauses = [];

    [Theory]
    [InlineData(unchecked((int)0x80070005))]
    [InlineData(unchecked((int)0x80070020))]
    [InlineData(unchecked((int)0x80070021))]
    public void Run_DeniedOrInUseTwice_SucceedsAtTheThirdTry(int error)
    {
        var tries = 0;
        Run(() =>
        {
            if (++tries < 3)
                throw new IOException("in use", error);
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

    private void Run(Action operation) => WindowsRetry.Run(
        () =>
        {
            operation();
            return true;
        },
        _time,
        pause =>
        {
            _pauses.Add(pause);
            _time.Advance(pause);
        });
}
