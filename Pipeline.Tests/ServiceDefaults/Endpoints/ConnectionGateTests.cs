using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Contracts.Broker.V1;
using Pipeline.Tests.Broker;

namespace Pipeline.Tests.ServiceDefaults.Endpoints;

public sealed class ConnectionGateTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task HandleAsync_MoreIdleConnectionsThanAllowed_ClosesTheOldestAndServesTheKey(bool grpc)
    {
        await using var fixture = await StubFixture.StartAsync(("Endpoints:MaxConnections", "100"));
        var sockets = new List<Socket>();
        for (var i = 0; i < 300; i++)
            sockets.Add(await ConnectAsync(grpc ? fixture.Service.GrpcAddress : fixture.Service.HttpAddress));

        var closed = 0;
        await foreach (var socket in Task.WhenEach(sockets.Select(UntilClosedAsync)))
        {
            await socket;
            if (++closed == 250)
                break;
        }

        await fixture.Client.LookupAsync(new LookupRequest());
        sockets.ForEach(socket => socket.Dispose());
    }

    [Theory]
    [InlineData(false, "")]
    [InlineData(true, "")]
    [InlineData(false, "GET /alive HTTP/1.1\r\nHost: 127")]
    public async Task HandleAsync_NoRequestWithTheKeyInTime_ClosesTheConnection(bool grpc, string sent)
    {
        var time = new FakeTimeProvider();
        await using var fixture = await ServiceFixture.StartAsync(builder => builder.Services.AddSingleton<TimeProvider>(time));
        using var socket = await ConnectAsync(grpc ? fixture.GrpcAddress : fixture.HttpAddress);
        await socket.SendAsync(System.Text.Encoding.ASCII.GetBytes(sent));
        // Connections are begun in order: this one has its timer when a later one is answered.
        using var client = new HttpClient();
        await client.GetAsync(new Uri(fixture.HttpAddress, "/alive"));

        time.Advance(TimeSpan.FromSeconds(10));

        await UntilClosedAsync(socket);
    }

    [Fact]
    public async Task HandleAsync_RequestWithTheKeyCame_ConnectionStays()
    {
        var time = new FakeTimeProvider();
        await using var fixture = await ServiceFixture.StartAsync(
            builder => builder.Services.AddSingleton<TimeProvider>(time),
            app => app.MapGet("/port", (HttpContext context) => context.Connection.RemotePort));
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", BrokerFixture.Key);
        var first = await client.GetStringAsync(new Uri(fixture.HttpAddress, "/port"));

        time.Advance(TimeSpan.FromMinutes(1));

        client.DefaultRequestHeaders.Authorization = null;
        Assert.Equal(first, await client.GetStringAsync(new Uri(fixture.HttpAddress, "/port")));
    }

    [Fact]
    public async Task HandleAsync_RequestWithoutTheKey_ConnectionEndsWithItsAnswer()
    {
        await using var fixture = await ServiceFixture.StartAsync();
        using var client = new HttpClient();

        using var response = await client.GetAsync(new Uri(fixture.HttpAddress, "/alive"));

        Assert.Equal((HttpStatusCode.OK, true), (response.StatusCode, response.Headers.ConnectionClose));
    }

    private static async Task<Socket> ConnectAsync(Uri address)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, address.Port);
        return socket;
    }

    private static async Task UntilClosedAsync(Socket socket)
    {
        using var patience = new CancellationTokenSource(Waiting.Limit);
        try
        {
            while (await socket.ReceiveAsync(new byte[1024], patience.Token) > 0)
            {
                // Settings of HTTP/2.
            }
        }
        catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
        {
            // Closed as well.
        }
    }
}
