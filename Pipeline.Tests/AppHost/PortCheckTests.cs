using System.Net.Sockets;
using Pipeline.AppHost;

namespace Pipeline.Tests.AppHost;

public sealed class PortCheckTests
{
    [Theory]
    [InlineData(SocketError.AddressAlreadyInUse, "in use")]
    [InlineData(SocketError.AccessDenied, "reserved by the system")]
    [InlineData(SocketError.AddressFamilyNotSupported, null)]
    public void WhyTaken_AnswerOfTheSystem_InUseAndExcludedAreTaken(SocketError error, string? why) =>
        Assert.Equal(why, PortCheck.WhyTaken(error));

    [Theory]
    [InlineData(3, 0, true)]
    [InlineData(3, 20, false)]
    [InlineData(1_000, 20, true)]
    public async Task UntilFree_PortTakenForAWhile_WaitsForItAsLongAsItMay(int looks, int seconds, bool isTaken)
    {
        var time = new JumpingTime();

        var taken = await PortCheck.UntilFreeAsync(() => --looks > 0 ? ["port 1 is in use, and"] : [], TimeSpan.FromSeconds(seconds), time);

        Assert.Equal((isTaken, isTaken ? 1_000 * seconds : 400), (taken.Count > 0, time.Micros / 1_000 - 1_000));
    }
}
