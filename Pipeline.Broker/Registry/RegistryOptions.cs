using System.ComponentModel.DataAnnotations;

namespace Pipeline.Broker.Registry;

/// <summary>Bounds of the registry; section "Registry".</summary>
public sealed class RegistryOptions
{
    /// <summary>Section of the configuration.</summary>
    public const string Section = "Registry";

    /// <summary>Instances registered at once: 1 to 100,000. One more is RESOURCE_EXHAUSTED.</summary>
    /// <value>Default 1,000.</value>
    [Range(1, 100_000)]
    public int MaxInstances { get; set; } = 1000;

    /// <summary>Bytes of all instances registered at once, as on the wire: 64 KiB to 15 MiB. More is RESOURCE_EXHAUSTED.</summary>
    /// <value>Default 3 MiB, so that an answer with all of them fits into the 4 MiB that gRPC clients take by default.</value>
    [Range(64 * 1024, 15 * 1024 * 1024)]
    public int MaxBytes { get; set; } = 3 * 1024 * 1024;

    /// <summary>Registrations per second in the long run: 1 to 100,000. As many as <see cref="MaxInstances"/> may come at once.</summary>
    /// <value>Default 50.</value>
    [Range(1, 100_000)]
    public int RegistrationsPerSecond { get; set; } = 50;

    /// <summary>Departed instances that stay listed: 0 to 10,000, the latest.</summary>
    /// <value>Default 256.</value>
    [Range(0, 10_000)]
    public int MaxDeparted { get; set; } = 256;

    /// <summary>How long a departed instance stays listed: 1 s to 1 day.</summary>
    /// <value>Default 10 min.</value>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan DepartedRetention { get; set; } = TimeSpan.FromMinutes(10);
}

/// <summary>A bucket of tokens: a burst at once, and so many per second in the long run. Not safe for use by several threads.</summary>
internal sealed class RegistrationThrottle(int burst, int perSecond, TimeProvider time)
{
    private double _tokens = burst;
    private long _refilled = time.GetTimestamp();

    /// <summary>Takes a token, if there is one.</summary>
    public bool TryTake()
    {
        var now = time.GetTimestamp();
        _tokens = Math.Min(burst, _tokens + (time.GetElapsedTime(_refilled, now).TotalSeconds * perSecond));
        _refilled = now;
        if (_tokens < 1)
            return false;
        _tokens--;
        return true;
    }
}

/// <summary>The registry takes no more for now.</summary>
internal sealed class RegistryFullException(string message) : Exception(message);
