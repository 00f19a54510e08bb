using System.Net;
using System.Net.Sockets;

namespace Pipeline.LocalHost.Orchestration;

/// <summary>Picks ports.</summary>
internal static class FreePort
{
    // Below what Linux, macOS and Windows hand out by themselves: what binds to port 0 cannot take a port that was picked
    // here and is not bound yet.
    private const int First = 20_000;
    private const int End = 32_000;
    private const int Attempts = 200;

    /// <summary>Picks a port that nobody listens on.</summary>
    /// <param name="taken">Those that are promised already; the new one is added.</param>
    public static int Pick(HashSet<int> taken)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var port = Random.Shared.Next(First, End);
            if (!taken.Contains(port) && IsFree(port))
            {
                taken.Add(port);
                return port;
            }
        }

        throw new InvalidOperationException($"No free port found between {First} and {End - 1}.");
    }

    /// <summary>Whether nobody listens on a port of this machine's loopback addresses.</summary>
    /// <param name="port">1 to 65535.</param>
    public static bool IsFree(int port) => IsFree(IPAddress.Loopback, port) && (!Socket.OSSupportsIPv6 || IsFree(IPAddress.IPv6Loopback, port));

    private static bool IsFree(IPAddress address, int port)
    {
        try
        {
            using var listener = new TcpListener(address, port);
            listener.Start();
            return true;
        }
        catch (SocketException exception)
        {
            return exception.SocketErrorCode != SocketError.AddressAlreadyInUse && exception.SocketErrorCode != SocketError.AccessDenied;
        }
    }
}
