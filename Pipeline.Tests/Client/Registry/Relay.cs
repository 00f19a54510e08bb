using System.Net;
using System.Net.Sockets;

namespace Pipeline.Tests.Client.Registry;

/// <summary>A connection to a service that can be cut, mended, and frozen as if the other side hung.</summary>
internal sealed class Relay : IAsyncDisposable
{
    private readonly int _target;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Lock _lock = new();
    private readonly List<Socket> _sockets = [];
    private readonly Task _accepting;
    private bool _isCut;
    private volatile TaskCompletionSource _flow = new();

    public Relay(int target)
    {
        _target = target;
        _flow.SetResult();
        _listener.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _accepting = AcceptAsync();
    }

    public Uri Address { get; }

    /// <summary>Breaks all connections, and every new one at once.</summary>
    public void Cut()
    {
        lock (_lock)
        {
            _isCut = true;
            _sockets.ForEach(socket => socket.Dispose());
            _sockets.Clear();
        }
        _flow.TrySetResult();
    }

    /// <summary>Lets new connections through.</summary>
    public void Mend()
    {
        lock (_lock)
            _isCut = false;
    }

    /// <summary>Connections stay, nothing flows any more; until they are cut.</summary>
    public void Freeze() => _flow = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public async ValueTask DisposeAsync()
    {
        Cut();
        _listener.Stop();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket near;
            try
            {
                near = await _listener.AcceptSocketAsync();
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                return;
            }
            var far = new Socket(SocketType.Stream, ProtocolType.Tcp);
            lock (_lock)
            {
                if (_isCut)
                {
                    near.Dispose();
                    far.Dispose();
                    continue;
                }
                _sockets.Add(near);
                _sockets.Add(far);
            }
            _ = RunAsync(near, far);
        }
    }

    private async Task RunAsync(Socket near, Socket far)
    {
        try
        {
            await far.ConnectAsync(IPAddress.Loopback, _target);
            await Task.WhenAny(CopyAsync(near, far), CopyAsync(far, near));
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Cut, or the service is gone.
        }
        near.Dispose();
        far.Dispose();
    }

    private async Task CopyAsync(Socket from, Socket to)
    {
        var buffer = new byte[64 * 1024];
        while (await from.ReceiveAsync(buffer) is > 0 and var read)
        {
            await _flow.Task;
            await to.SendAsync(buffer.AsMemory(0, read));
        }
    }
}
