using System.Net;
using System.Net.Sockets;
using Pipeline.Orchestrator.Instances;

namespace Pipeline.Tests.Orchestrator.Instances;

public sealed class ListeningProcessTests
{
    [LinuxFact]
    public void Is_ProcessThatListensThere_IsTrueForNoOther()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;

        Assert.True(ListeningProcess.Is(Environment.ProcessId, port));
        Assert.False(ListeningProcess.Is(1, port));
        Assert.False(ListeningProcess.Is(int.MaxValue, port));
        listener.Stop();
        Assert.False(ListeningProcess.Is(Environment.ProcessId, port));
    }
}
