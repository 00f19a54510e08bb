using System.Net.Sockets;
using Grpc.Core;
using Pipeline.Client.Channels;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;

namespace Pipeline.Tests.Client.Channels;

public sealed class FailuresTests
{
    private static readonly Hop Hop = new() { InstanceId = "parse-0", Role = "parse", Address = "http://127.0.0.1:1" };

    [Fact]
    public void ToFailure_ConnectionIsLost_SaysWhatTheSystemSaysOfIt()
    {
        var reset = new IOException("Unable to read data from the transport connection.", new SocketException((int)SocketError.ConnectionReset));
        var status = new Status(StatusCode.Unavailable, "Error reading next message. IOException: Unable to read. SocketException: reset.", reset);

        var failure = new RpcException(status).ToFailure(Hop);

        Assert.Equal((FailureReasons.Unreachable, true), (failure.Reason, failure.Retryable));
        Assert.Equal(
            $"the call to parse (parse-0, http://127.0.0.1:1) failed: {new SocketException((int)SocketError.ConnectionReset).Message}", failure.Message);
        Assert.Equal(failure.Message, reset.ToFailure(Hop).Message);
    }

    [Fact]
    public void ToFailure_StatusOfThePeer_SaysWhatThePeerSays() => Assert.Equal(
        "the call to parse (parse-0, http://127.0.0.1:1) failed: Internal: out of memory",
        new RpcException(new Status(StatusCode.Internal, "out of memory")).ToFailure(Hop).Message);
}
