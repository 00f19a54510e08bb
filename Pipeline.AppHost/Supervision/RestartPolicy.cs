using System.Globalization;

namespace Pipeline.AppHost.Supervision;

/// <summary>What is done about a process that ended.</summary>
internal abstract record RestartDecision
{
    private RestartDecision()
    {
    }

    /// <summary>It is started again.</summary>
    /// <param name="Delay">After so long.</param>
    /// <param name="Number">Which restart in the window this is, from 1.</param>
    /// <param name="Limit">How many the window allows.</param>
    public sealed record Restart(TimeSpan Delay, int Number, int Limit) : RestartDecision;

    /// <summary>It stays as it is.</summary>
    public sealed record Leave : RestartDecision;

    /// <summary>It is not started any more: it has been too often, or would be in vain.</summary>
    public sealed record GiveUp : RestartDecision;
}

/// <summary>How a process ended.</summary>
internal enum Ending
{
    /// <summary>By itself, with exit code 0.</summary>
    Completed,

    /// <summary>With another exit code, by a signal, or it could not be started.</summary>
    Failed,

    /// <summary>By itself, because its configuration is wrong.</summary>
    Misconfigured,

    /// <summary>It hung, and was killed for that.</summary>
    Hung,

    /// <summary>A person stopped, restarted or rebuilt it.</summary>
    OnDemand,
}

internal static class Endings
{
    /// <summary>In words, for the log and the dashboard.</summary>
    public static string Describe(this Ending ending, int? exitCode) => ending switch
    {
        Ending.Hung => "did not answer and was killed",
        Ending.OnDemand => "was stopped on demand",
        _ when exitCode is null => "could not be started",
        // DCP tells of an end by a signal as exit code -1.
        _ when exitCode == -1 && !OperatingSystem.IsWindows() => "was ended by a signal",
        _ => string.Create(CultureInfo.InvariantCulture, $"ended with exit code {exitCode}"),
    };
}

/// <summary>Decides about one replica.</summary>
internal sealed class RestartPolicy(RestartOptions options, TimeProvider time)
{
    private readonly Queue<long> _restarts = [];
    private int _doublings;
    private long? _runningSince;

    /// <summary>The process runs.</summary>
    public void Running() => _runningSince = time.GetTimestamp();

    /// <summary>A person takes care of it: forgets what was counted.</summary>
    public void Forget()
    {
        _restarts.Clear();
        _doublings = 0;
        _runningSince = null;
    }

    /// <summary>The process ended, or could not be started.</summary>
    public RestartDecision Ended(Ending ending)
    {
        if (_runningSince is { } since && time.GetElapsedTime(since) >= options.HealthyAfter)
            _doublings = 0;
        _runningSince = null;
        if (ending == Ending.OnDemand
            || options.Policy == RestartCondition.Never
            || (options.Policy == RestartCondition.OnFailure && ending == Ending.Completed))
        {
            return new RestartDecision.Leave();
        }

        while (_restarts.TryPeek(out var oldest) && time.GetElapsedTime(oldest) >= options.Window)
            _restarts.Dequeue();
        if (ending == Ending.Misconfigured || _restarts.Count >= options.MaxRestarts)
            return new RestartDecision.GiveUp();

        _restarts.Enqueue(time.GetTimestamp());
        return new RestartDecision.Restart(NextDelay(), _restarts.Count, options.MaxRestarts);
    }

    private TimeSpan NextDelay()
    {
        // The exponent is bounded so that the product stays finite: 2^62 ticks are more than any cap.
        var delay = options.InitialDelay.Ticks * Math.Pow(2, Math.Min(_doublings++, 62));
        return delay >= options.MaxDelay.Ticks ? options.MaxDelay : TimeSpan.FromTicks((long)delay);
    }
}
