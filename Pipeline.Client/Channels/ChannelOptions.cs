using System.ComponentModel.DataAnnotations;
using Pipeline.Contracts;

namespace Pipeline.Client.Channels;

/// <summary>How services are called; section "Channels".</summary>
public sealed class ChannelOptions
{
    /// <summary>Section of the configuration.</summary>
    public const string Section = "Channels";

    /// <summary>Deadline of a unary call that sets none: 10 ms to 1 h.</summary>
    /// <value>Default 10 s.</value>
    [Range(typeof(TimeSpan), "00:00:00.010", "01:00:00")]
    public TimeSpan UnaryDeadline { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest time for a connection to be made: 10 ms to 1 min.</summary>
    /// <value>Default 2 s.</value>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Silence on a connection after which the peer is pinged: 1 s to 10 min.</summary>
    /// <value>Default 2 s.</value>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan KeepAlivePingDelay { get; set; } = StageContract.PingDelay;

    /// <summary>Time for the answer to a ping, after which the connection is dead: 1 s to 10 min.</summary>
    /// <remarks>A ping cannot tell hung from busy. Under an AppHost a hung process is found sooner, by its supervisor.</remarks>
    /// <value>Default 5 s.</value>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan KeepAlivePingTimeout { get; set; } = StageContract.PingTimeout;

    /// <summary>Bytes that may be under way unread on one call: 64 KiB to 16 MiB.</summary>
    /// <value>Default 1 MiB.</value>
    [Range(64 * 1024, 16 * 1024 * 1024)]
    public int StreamWindowBytes { get; set; } = 1024 * 1024;

    /// <summary>Largest message taken or sent, in bytes: 1 KiB to 64 MiB.</summary>
    /// <value>Default 16 MiB, the contract's limit.</value>
    [Range(1024, 64 * 1024 * 1024)]
    public int MaxMessageBytes { get; set; } = StageContract.MaxMessageBytes;
}
