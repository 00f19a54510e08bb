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
}
