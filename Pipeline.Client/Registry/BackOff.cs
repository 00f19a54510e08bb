namespace Pipeline.Client.Registry;

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
