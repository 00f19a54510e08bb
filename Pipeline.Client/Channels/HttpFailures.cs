using System.Net.Sockets;

namespace Pipeline.Client.Channels;

/// <summary>Failures of HTTP calls.</summary>
public static class HttpFailures
{
    /// <summary>Whether a call failed because the server could not be reached, or its connection was lost.</summary>
    /// <remarks>
    /// SocketsHttpHandler does not wrap the SocketException (ENOTCONN) of a connection that is reset just after it was made, as when the
    /// server is killed at that moment: it asks the socket for its remote address then.
    /// </remarks>
    public static bool IsLostConnection(Exception error) => error is HttpRequestException or IOException or SocketException;
}
