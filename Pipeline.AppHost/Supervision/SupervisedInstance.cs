using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Pipeline.AppHost.Supervision;

/// <summary>What a supervisor can do to one process.</summary>
internal interface IInstanceControl
{
    /// <summary>Asks for a start; returns when it was asked for, not when it came true.</summary>
    /// <returns>Why not, or none.</returns>
    Task<string?> StartAsync(CancellationToken cancellationToken);

    /// <summary>Ends a process that hangs, without asking it.</summary>
    /// <returns>Why not, or none.</returns>
    Task<string?> KillAsync(CancellationToken cancellationToken);

    /// <summary>What the process said of its end.</summary>
    /// <returns>None where it said nothing.</returns>
    Task<string?> LastWordsAsync(CancellationToken cancellationToken);

    /// <summary>Shows a decision beside the process's state.</summary>
    Task ShowAsync(string decision, bool gaveUp);
}

/// <summary>What the supervisor sees of one process.</summary>
/// <param name="Phase">Where it is in its life.</param>
/// <param name="ExitCode">Of a process that ended, if known.</param>
/// <param name="Address">Of one that runs: where it can be asked whether it is alive.</param>
internal sealed record InstanceState(InstancePhase Phase, int? ExitCode = null, Uri? Address = null);

/// <summary>Where a process is in its life.</summary>
internal enum InstancePhase
{
    /// <summary>Waiting for others, or starting.</summary>
    Starting,

    /// <summary>It runs.</summary>
    Running,

    /// <summary>Somebody asked it to stop.</summary>
    Stopping,

    /// <summary>It ended, or could not be started.</summary>
    Ended,
}

/// <summary>
/// Supervises one process: restarts it when its policy says so, and replaces it when it hangs. A command is only a wish; what
/// came of it is learned from the states that follow.
/// </summary>
internal sealed class SupervisedInstance(
    string id,
    RestartPolicy policy,
    IInstanceControl control,
    LivenessProbe? probe,
    TimeProvider time,
    ILogger log,
    Action<string> gaveUp,
    CancellationToken stopping)
{
    /// <summary>How long a start that was asked for may take to show, and output to be told.</summary>
    internal static readonly TimeSpan ConfirmTimeout = TimeSpan.FromSeconds(15);

    /// <summary>The exit code of a process whose configuration is wrong (EX_CONFIG of sysexits.h); our services have it, and any may.</summary>
    private const int Misconfigured = 78;

    private readonly Lock _lock = new();
    private InstancePhase _phase = InstancePhase.Starting;
    private bool _hung;
    private bool _onDemand;
    private bool _restarting;
    private CancellationTokenSource _probing = new();
    private TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The work under way; ends when there is nothing to wait for but the next state.</summary>
    public Task Work { get; private set; } = Task.CompletedTask;

    /// <summary>Sees a state, in the order in which they came.</summary>
    public void Observe(InstanceState state)
    {
        lock (_lock)
        {
            if (state.Phase == _phase)
                return;
            var previous = _phase;
            _phase = state.Phase;
            if (previous == InstancePhase.Running)
                _probing.Cancel();
            if (previous == InstancePhase.Ended)
                Left();

            switch (state.Phase)
            {
                case InstancePhase.Running:
                    policy.Running();
                    Probe(state.Address);
                    break;
                case InstancePhase.Stopping:
                    _onDemand = !_hung;
                    break;
                case InstancePhase.Ended:
                    Work = DecideAsync(HowItEnded(state.ExitCode), state.ExitCode);
                    break;
            }
        }
    }

    private void Left()
    {
        if (!_restarting)
            policy.Forget();
        _hung = false;
        _onDemand = false;
        _started.TrySetResult();
    }

    private Ending HowItEnded(int? exitCode) =>
        _hung ? Ending.Hung : _onDemand ? Ending.OnDemand : exitCode switch
        {
            0 => Ending.Completed,
            Misconfigured => Ending.Misconfigured,
            _ => Ending.Failed,
        };

    private async Task DecideAsync(Ending ending, int? exitCode)
    {
        // The decision is made then: who starts it while its output is read begins anew.
        if (await RestartOrGiveUpAsync(ending, exitCode) is { } reason)
            gaveUp(await LastWordsAsync() is { } words ? $"{reason}: {words}" : reason);
    }

    /// <returns>Why it was given up; none where it was not.</returns>
    private async Task<string?> RestartOrGiveUpAsync(Ending ending, int? exitCode)
    {
        try
        {
            _restarting = true;
            while (true)
            {
                switch (policy.Ended(ending))
                {
                    case RestartDecision.Leave:
                        log.Left(id, Describe(ending, exitCode));
                        await control.ShowAsync($"{Describe(ending, exitCode)}; not restarted", gaveUp: false);
                        return null;
                    case RestartDecision.GiveUp:
                        return await GiveUpAsync(ending, exitCode);
                    case RestartDecision.Restart restart when await RestartAsync(restart, Describe(ending, exitCode)):
                        return null;
                }

                ending = Ending.Failed;
                exitCode = null;
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The AppHost stops: what ends now shall end.
            return null;
        }
        finally
        {
            _restarting = false;
        }
    }

    private async Task<string> GiveUpAsync(Ending ending, int? exitCode)
    {
        var (again, decision) = ending == Ending.Misconfigured
            ? ("", "given up, since its configuration is wrong")
            : (" once more", "given up after too many restarts");
        var reason = $"{id} {Describe(ending, exitCode)}{again}; {decision}";
        log.GaveUp(reason);
        await control.ShowAsync(decision, gaveUp: true);
        return reason;
    }

    // Whoever waits is told in any case.
    private async Task<string?> LastWordsAsync()
    {
        try
        {
            return await control.LastWordsAsync(stopping).WaitAsync(ConfirmTimeout, time, stopping);
        }
        catch (Exception exception) when (!stopping.IsCancellationRequested)
        {
            log.CommandFailed(id, "reading its output", exception.Message);
            return null;
        }
        catch (OperationCanceledException)
        {
            // The AppHost stops.
            return null;
        }
    }

    private async Task<bool> RestartAsync(RestartDecision.Restart restart, string why)
    {
        log.Restarting(id, why, restart.Number, restart.Delay.TotalSeconds);
        await control.ShowAsync(
            string.Create(CultureInfo.InvariantCulture, $"{why}; restart {restart.Number} in {restart.Delay.TotalSeconds} s"), gaveUp: false);
        _started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await Task.WhenAny(_started.Task, Task.Delay(restart.Delay, time, stopping));
        stopping.ThrowIfCancellationRequested();
        if (_started.Task.IsCompleted)
            return true;

        if (await control.StartAsync(stopping) is { } refused)
        {
            log.CommandFailed(id, "start", refused);
            return false;
        }

        try
        {
            await _started.Task.WaitAsync(ConfirmTimeout, time, stopping);
            return true;
        }
        catch (TimeoutException)
        {
            log.CommandFailed(id, "start", $"no change of state within {ConfirmTimeout}");
            return false;
        }
    }

    private void Probe(Uri? address)
    {
        _probing = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        if (probe is not null && address is not null)
            Work = ReplaceWhenHungAsync(probe, address, _probing.Token);
    }

    private async Task ReplaceWhenHungAsync(LivenessProbe liveness, Uri address, CancellationToken probing)
    {
        try
        {
            await liveness.UntilHungAsync(address, probing);
            lock (_lock)
            {
                if (_phase != InstancePhase.Running)
                    return;
                _hung = true;
            }

            log.Hung(id);
            await control.ShowAsync("does not answer; is being replaced", gaveUp: false);
            if (await control.KillAsync(stopping) is { } refused)
                log.CommandFailed(id, "kill", refused);
        }
        catch (OperationCanceledException) when (probing.IsCancellationRequested)
        {
            // It ended otherwise.
        }
    }

    private static string Describe(Ending ending, int? exitCode) => ending switch
    {
        Ending.Hung => "did not answer and was killed",
        Ending.OnDemand => "was stopped on demand",
        _ when exitCode is null => "could not be started",
        _ => string.Create(CultureInfo.InvariantCulture, $"ended with exit code {exitCode}"),
    };
}
