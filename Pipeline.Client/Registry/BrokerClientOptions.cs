using System.ComponentModel.DataAnnotations;
using Pipeline.ServiceDefaults.Endpoints;

namespace Pipeline.Client.Registry;

/// <summary>Where the broker is, and when it counts as gone; section "BrokerClient".</summary>
public sealed class BrokerClientOptions : IValidatableObject
{
    /// <summary>Section of the configuration.</summary>
    public const string Section = "BrokerClient";

    /// <summary>Configuration key of <see cref="Address"/>, in the environment services__broker__grpc__0.</summary>
    public const string AddressKey = "services:broker:grpc:0";

    /// <summary>An http URI on loopback, from services__broker__grpc__0.</summary>
    /// <value>Default http://127.0.0.1:5070.</value>
    public Uri Address { get; set; } = new("http://127.0.0.1:5070");

    /// <summary>Pause before the first retry; it doubles from one to the next: 10 ms to 1 min.</summary>
    /// <value>Default 200 ms.</value>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Longest pause between two tries: 10 ms to 1 min. Well below the lease's time to live.</summary>
    /// <value>Default 1 s.</value>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan MaxRetryDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Silence after which a watcher takes the broker for dead: 10 ms to 1 h. A notice comes after 2.5 s at most.</summary>
    /// <value>Default 8 s.</value>
    [Range(typeof(TimeSpan), "00:00:00.010", "01:00:00")]
    public TimeSpan SilenceTimeout { get; set; } = TimeSpan.FromSeconds(8);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!LoopbackAddress.IsLoopback(Address))
            yield return new ValidationResult($"services__broker__grpc__0: '{Address}' is not an http URI on loopback, such as http://127.0.0.1:5070.");
        if (MaxRetryDelay < RetryDelay)
            yield return new ValidationResult($"{nameof(MaxRetryDelay)} must not be below {nameof(RetryDelay)}.");
    }
}

/// <summary>Pauses between tries: each twice the one before, up to the longest, less up to a quarter by chance so that many do not try in step.</summary>
internal sealed class BackOff(TimeSpan first, TimeSpan longest, TimeProvider time)
{
    private readonly TimeSpan _first = first;
    private TimeSpan _next = first;

    /// <summary>The next pause begins anew.</summary>
    public void Reset() => _next = _first;

    /// <summary>Pauses.</summary>
    public Task WaitAsync(CancellationToken cancellationToken) => Task.Delay(Next(), time, cancellationToken);

    internal TimeSpan Next()
    {
        var pause = _next * (1 - (Random.Shared.NextDouble() / 4));
        _next = _next * 2 < longest ? _next * 2 : longest;
        return pause;
    }
}
