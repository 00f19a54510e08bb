namespace Pipeline.AppHost.Supervision;

/// <summary>
/// Finds a hung process: one that answered, and then does not for a while. It is asked at its own address, since Aspire's
/// proxy would pass the question on to a sibling. Before it is called hung it gets one question more: if this process itself
/// was held up, a good answer is only waiting to be read.
/// </summary>
internal sealed class LivenessProbe(HttpClient client, LivenessOptions options, TimeProvider time)
{
    private static readonly TimeSpan LastQuestion = TimeSpan.FromMilliseconds(500);

    /// <summary>Asks until the process is hung.</summary>
    /// <param name="address">The process's own address.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task UntilHungAsync(Uri address, CancellationToken cancellationToken)
    {
        var url = new Uri(address, options.Path);
        var allowed = options.Startup;
        while (await AnswersWithinAsync(url, allowed, cancellationToken))
        {
            allowed = options.Silence;
            await Task.Delay(options.Interval, time, cancellationToken);
        }
    }

    private async Task<bool> AnswersWithinAsync(Uri url, TimeSpan allowed, CancellationToken cancellationToken)
    {
        var since = time.GetTimestamp();
        while (Left() is { Ticks: > 0 } patience)
        {
            if (await AnswersAsync(url, patience, cancellationToken))
                return true;
            // A timer may ring too early by a fraction of a millisecond: then that is all there is to wait for.
            if (Left() is { Ticks: > 0 } left)
                await Task.Delay(left < options.Interval ? left : options.Interval, time, cancellationToken);
        }

        return await AnswersAsync(url, LastQuestion, cancellationToken);

        TimeSpan Left() => allowed - time.GetElapsedTime(since);
    }

    private async Task<bool> AnswersAsync(Uri url, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            // Any answer will do: whether the process is well is its own affair, here it only has to be there.
            using var response = await client.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, either.Token);
            return true;
        }
        catch (HttpRequestException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
