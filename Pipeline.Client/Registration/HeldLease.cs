namespace Pipeline.Client.Registration;

/// <summary>A lease as its holder knows it: it counts from when the renewal was sent, so never longer than the broker does.</summary>
internal sealed record HeldLease(long LeaseId, TimeSpan TimeToLive, long RenewedAt)
{
    /// <summary>Whether the broker can still hold it for alive.</summary>
    public bool IsAlive(TimeProvider time) => time.GetElapsedTime(RenewedAt) < TimeToLive;
}
