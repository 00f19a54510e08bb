using Pipeline.Files;

namespace Pipeline.Tests.Files;

/// <summary>Numbers as sys/errno.h of each system has them.</summary>
public sealed class UnixErrorsTests
{
    private const int InputOutputError = 5;

    [Theory]
    [InlineData(false, 22, true)]
    [InlineData(false, 25, true)]
    [InlineData(false, 95, true)]
    [InlineData(false, 45, false)]
    [InlineData(false, InputOutputError, false)]
    [InlineData(true, 22, true)]
    [InlineData(true, 25, true)]
    [InlineData(true, 45, true)]
    [InlineData(true, 102, true)]
    [InlineData(true, 95, false)]
    [InlineData(true, InputOutputError, false)]
    public void HasNoFolderFlush_ErrorOfTheSystem_IsToldFromAFailure(bool isMacOS, int error, bool expected) =>
        Assert.Equal(expected, ErrorsOf(isMacOS).HasNoFolderFlush(error));

    [Theory]
    [InlineData(false, 1, true)]
    [InlineData(false, 38, true)]
    [InlineData(false, 95, true)]
    [InlineData(false, 78, false)]
    [InlineData(true, 1, true)]
    [InlineData(true, 78, true)]
    [InlineData(true, 45, true)]
    [InlineData(true, 38, false)]
    [InlineData(true, UnixErrors.AlreadyExists, false)]
    public void HasNoLinks_ErrorOfTheSystem_IsToldFromAFailure(bool isMacOS, int error, bool expected) =>
        Assert.Equal(expected, ErrorsOf(isMacOS).HasNoLinks(error));

    [Theory]
    [InlineData(false, 28, true)]
    [InlineData(false, 122, true)]
    [InlineData(false, 69, false)]
    [InlineData(true, 28, true)]
    [InlineData(true, 69, true)]
    [InlineData(true, 122, false)]
    [InlineData(false, unchecked((int)0x80070070), true)]
    [InlineData(false, unchecked((int)0x80070027), true)]
    [InlineData(false, InputOutputError, false)]
    public void IsFull_ErrorOfTheSystem_IsNoSpaceOrQuota(bool isMacOS, int error, bool expected) =>
        Assert.Equal(expected, WriteFailures.IsFull(error, ErrorsOf(isMacOS)));

    private static UnixErrors ErrorsOf(bool isMacOS) => isMacOS ? UnixErrors.MacOS : UnixErrors.Linux;
}
