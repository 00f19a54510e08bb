using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Pipeline.ServiceDefaults.Endpoints;

/// <summary>Finds a port for a process that is started later, and binds it itself.</summary>
public static class FreePort
{
    // Below the ports that systems give to whoever binds to any, from 32768 on Linux and 49152 elsewhere: such a one is soon another's.
    // Above those that Aspire gives to services: ASPIRE_PROXYLESS_ENDPOINT_PORT_RANGE in the AppHost's settings.
    private const int First = 22_000;
    private const int End = 32_000;

    private static readonly ConcurrentDictionary<int, bool> Found = new();

    /// <summary>A port of loopback that is free now, and was not found by this process before, unless all were.</summary>
    public static int Find()
    {
        while (true)
        {
            var port = Random.Shared.Next(First, End);
            if (!Found.TryAdd(port, true) && Found.Count < End - First)
                continue;
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // It is in use.
            }
        }
    }
}
