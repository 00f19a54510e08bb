using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace Pipeline.ServiceDefaults.Endpoints;

/// <summary>
/// Bounds the connections over which no request with the key has come yet, so that they cannot take the places of others. Such a
/// connection is closed after <see cref="EndpointOptions.AuthorizationTimeout"/>. They hold at most half of
/// <see cref="EndpointOptions.MaxConnections"/>: beyond that the oldest is closed, because a caller with the key sends it at once.
/// </summary>
/// <remarks>Callers are not told apart: all come from this machine, and each connection has a port of its own.</remarks>
internal sealed class ConnectionGate(IOptions<EndpointOptions> options, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Newcomer> _newcomers = [];

    /// <summary>Connection middleware: stands around a connection's whole life.</summary>
    public async Task HandleAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var newcomer = new Newcomer(this, connection);
        Newcomer? oldest;
        lock (_lock)
        {
            oldest = _newcomers.Count < Math.Max(1, options.Value.MaxConnections / 2) ? null : _newcomers.First!.Value;
            if (oldest is not null)
                _newcomers.RemoveFirst();
            _newcomers.AddLast(newcomer.Node);
        }

        oldest?.Abort("there are too many connections without the key");
        await using var timer = time.CreateTimer(
            _ => newcomer.Close("no request with the key came in time"),
            null, options.Value.AuthorizationTimeout, Timeout.InfiniteTimeSpan);
        connection.Features.Set<IUnadmittedConnection>(newcomer);
        try
        {
            await next(connection);
        }
        finally
        {
            newcomer.TryLeave();
        }
    }

    /// <summary>A connection, on the gate's list until its first request with the key.</summary>
    private sealed class Newcomer(ConnectionGate gate, ConnectionContext connection) : IUnadmittedConnection
    {
        // Made under the gate's lock, when it is put on the list.
        public LinkedListNode<Newcomer> Node => field ??= new(this);

        public bool IsAdmitted => Node.List is null;

        public void Admit() => TryLeave();

        /// <summary>A request with the key has come, or the connection is over.</summary>
        /// <returns>False: it was so before.</returns>
        public bool TryLeave()
        {
            lock (gate._lock)
            {
                if (IsAdmitted)
                    return false;
                gate._newcomers.Remove(Node);
                return true;
            }
        }

        /// <summary>Closes the connection, unless a request with the key has come.</summary>
        public void Close(string reason)
        {
            if (TryLeave())
                Abort(reason);
        }

        /// <summary>Closes the connection; Kestrel logs the reason.</summary>
        public void Abort(string reason) => connection.Abort(new ConnectionAbortedException(reason));
    }
}

/// <summary>Feature of a connection that is closed unless a caller proves in time that it may use the service.</summary>
public interface IUnadmittedConnection
{
    /// <summary>True once a caller has proved it.</summary>
    bool IsAdmitted { get; }

    /// <summary>The connection may stay: a request with the key, or with what the service takes in its place, has come.</summary>
    void Admit();
}
