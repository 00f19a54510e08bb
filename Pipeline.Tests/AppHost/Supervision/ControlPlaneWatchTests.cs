using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Pipeline.AppHost.Supervision;
using Pipeline.ServiceDefaults.Endpoints;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.Tests.AppHost.Supervision;

public class ControlPlaneWatchTests
{
    [Fact]
    public async Task UntilGone_ConnectionEndsAndListenerStays_GoesOn()
    {
        using var proxy = new TcpListener(IPAddress.Loopback, 0);
        proxy.Start();
        var gone = ControlPlaneWatch.UntilGoneAsync(((IPEndPoint)proxy.LocalEndpoint).Port, TimeProvider.System, CancellationToken.None);
        for (var connections = 0; connections < 3; connections++)
        {
            using var connection = await proxy.AcceptSocketAsync().WaitAsync(Waiting.Limit);
            Assert.False(gone.IsCompleted);
        }

        using (await proxy.AcceptSocketAsync().WaitAsync(Waiting.Limit))
            proxy.Stop();

        await gone.WaitAsync(Waiting.Limit);
    }

    [Fact]
    public async Task UntilGone_NotYetOpen_WaitsForIt()
    {
        var port = FreePort.Find();
        var gone = ControlPlaneWatch.UntilGoneAsync(port, new JumpingTime(), CancellationToken.None);

        using var proxy = new TcpListener(IPAddress.Loopback, port);
        proxy.Start();

        (await proxy.AcceptSocketAsync().WaitAsync(Waiting.Limit)).Dispose();
        Assert.False(gone.IsCompleted);
    }

    [UnixFact]
    public async Task UntilEnded_ProcessKilled_Returns()
    {
        using var process = Process.Start("sleep", "1000");
        var identity = ProcessIdentity.Find(process.Id)!.Value;
        var found = false;
        var ended = ControlPlaneWatch.UntilEndedAsync(Find, TimeProvider.System, CancellationToken.None);

        process.Kill();
        await ended.WaitAsync(Waiting.Limit);

        Assert.True(found);

        ProcessIdentity? Find()
        {
            var first = !found;
            found = true;
            return first ? null : identity;
        }
    }
}
