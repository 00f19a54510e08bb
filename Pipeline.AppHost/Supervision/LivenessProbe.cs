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
        while (true)
        {
            var since = time.GetTimestamp();
            while (!await AnswersAsync(url, allowed - time.GetElapsedTime(since), cancellationToken))
            {
                // What is left may be a fraction of a millisecond: timers ring that much too early.
                var left = allowed - time.GetElapsedTime(since);
                if (left <= TimeSpan.Zero)
                {
                    if (await AnswersAsync(url, LastQuestion, cancellationToken))
                        break;
                    return;
                }

                await Task.Delay(left < options.Interval ? left : options.Interval, time, cancellationToken);
            }

            allowed = options.Silence;
            await Task.Delay(options.Interval, time, cancellationToken);
        }
    }

    private async Task<bool> AnswersAsync(Uri url, TimeSpan patience, CancellationToken cancellationToken)
    {
        if (patience <= TimeSpan.Zero)
            return false;

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
