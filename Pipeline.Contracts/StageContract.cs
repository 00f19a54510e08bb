namespace Pipeline.Contracts;

/// <summary>What both ends of pipeline.v1.Stage/Process agree on; stage.proto describes it.</summary>
public static class StageContract
{
    /// <summary>Full name of the service, as stages register it with the broker.</summary>
    public const string Interface = "pipeline.v1.Stage";

    /// <summary>
    /// Key of an instance's metadata: a text that is another one whenever settings of the stage's process differ that change results.
    /// </summary>
    public const string OptionsDigestKey = "options-digest";

    /// <summary>Trailer that carries the <see cref="V1.Failure"/> with which a call ended.</summary>
    public const string FailureTrailer = "pipeline-failure-bin";

    /// <summary>Largest message, in bytes: 16 MiB.</summary>
    public const int MaxMessageBytes = 16 * 1024 * 1024;

    /// <summary>Silence on a connection after which the peer is pinged: 2 s.</summary>
    public static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(2);

    /// <summary>Time for the answer to a ping, after which the connection is dead: 5 s.</summary>
    public static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(5);
}
