namespace Pipeline.Broker.Registry;

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
