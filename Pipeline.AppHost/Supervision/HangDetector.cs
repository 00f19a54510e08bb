using Pipeline.Client.Channels;
using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.AppHost.Supervision;

/// <summary>
/// Finds processes that run but do nothing. One with an HTTP endpoint is asked there, at its own address, since Aspire's proxy would pass
/// the question on to another replica; one without has to renew its lease with the broker. A verdict needs silence and stillness: a
/// process that works, or waits for a CPU, is busy and not hung.
/// </summary>
/// <param name="client">Asks.</param>
/// <param name="options">How often and how long.</param>
/// <param name="read">Reads what a process has worked.</param>
/// <param name="expiredBelow">The process whose lease has expired, among a process and its descendants.</param>
/// <param name="time">Clock.</param>
internal sealed class HangDetector(
    HttpClient client,
    LivenessOptions options,
    Func<ProcessIdentity, ProcessActivity> read,
    Func<ProcessIdentity, ProcessIdentity?> expiredBelow,
    TimeProvider time)
{
    /// <summary>Of one more question on another connection: an answer to the last one may only be waiting to be read.</summary>
    internal static readonly TimeSpan LastQuestion = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();
    private long? _lastVerdict;

    /// <summary>Waits until a process is hung.</summary>
    /// <param name="process">The process.</param>
    /// <param name="address">Its own HTTP address; null where it has none.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task UntilHungAsync(ProcessIdentity process, Uri? address, CancellationToken cancellationToken)
    {
        // The start-up allowance ends with the first answer, and with the first silence: after a refused verdict the process is asked again as usual.
        var allowed = options.Startup;
        do
        {
            await (address is null
                ? UntilLeaseLostAsync(process, cancellationToken)
                : UntilSilentAsync(process, new Uri(address, HealthPaths.Alive), allowed, cancellationToken));
            allowed = options.Silence;
        }
        while (!Judge());
    }

    // Where several processes seem hung at once, the machine or this process is more likely to have stood still: the others are asked
    // again.
    internal bool Judge()
    {
        lock (_lock)
        {
            if (_lastVerdict is { } last && time.GetElapsedTime(last) < options.Silence)
                return false;
            _lastVerdict = time.GetTimestamp();
            return true;
        }
    }

    private async Task UntilSilentAsync(ProcessIdentity process, Uri url, TimeSpan allowed, CancellationToken cancellationToken)
    {
        while (await AnswersAsync(process, url, allowed, cancellationToken))
        {
            allowed = options.Silence;
            await Task.Delay(options.Interval, time, cancellationToken);
        }
    }

    private async Task<bool> AnswersAsync(ProcessIdentity process, Uri url, TimeSpan allowed, CancellationToken cancellationToken)
    {
        using var asking = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var stillness = new Stillness(() => read(process), options.Interval);
        var answer = AnswersAsync(url, asking.Token);
        while (stillness.Elapsed < allowed)
        {
            var tick = Task.Delay(options.Interval, time, asking.Token);
            if (await Task.WhenAny(answer, tick) == answer && await answer)
            {
                await asking.CancelAsync();
                return true;
            }

            await tick;
            stillness.Tick();
            if (answer.IsCompleted)
                answer = AnswersAsync(url, asking.Token);
        }

        await asking.CancelAsync();
        using var last = new CancellationTokenSource(LastQuestion, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(last.Token, cancellationToken);
        var answered = await AnswersAsync(url, either.Token);
        cancellationToken.ThrowIfCancellationRequested();
        return answered;
    }

    // Any answer will do: whether the process is well is for its health checks to say, here it only has to be there.
    private async Task<bool> AnswersAsync(Uri url, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await client.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return true;
        }
        catch (Exception exception) when (exception is OperationCanceledException || HttpFailures.IsLostConnection(exception))
        {
            return false;
        }
    }

    private async Task UntilLeaseLostAsync(ProcessIdentity process, CancellationToken cancellationToken)
    {
        Stillness? stillness = null;
        while (stillness is null || stillness.Elapsed < options.Silence)
        {
            await Task.Delay(options.Interval, time, cancellationToken);
            if (expiredBelow(process) is not { } expired)
                stillness = null;
            else if (stillness is null)
                stillness = new Stillness(() => read(expired), options.Interval);
            else
                stillness.Tick();
        }
    }
}
