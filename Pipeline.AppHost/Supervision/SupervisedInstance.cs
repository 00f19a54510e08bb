using System.Globalization;
using Microsoft.Extensions.Logging;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.AppHost.Supervision;

/// <summary>
/// Supervises one replica of a resource: restarts it as its policy says, and replaces it when it hangs. Aspire's commands answer before
/// anything has changed: what came of one is learned from the states that follow.
/// </summary>
internal sealed class SupervisedInstance(
    string id,
    RestartPolicy policy,
    IInstanceControl control,
    HangDetector? detector,
    TimeProvider time,
    ILogger log,
    Action<string> gaveUp,
    Func<ProcessIdentity, bool> wasTakenOut,
    CancellationToken stopping)
{
    /// <summary>How long a start may take to show in the state.</summary>
    internal static readonly TimeSpan ConfirmTimeout = TimeSpan.FromSeconds(15);

    /// <summary>How long a killed process may take to show as ended before it is killed again.</summary>
    internal static readonly TimeSpan KillInterval = TimeSpan.FromSeconds(1);

    private const int MaxKills = 5;

    private readonly Lock _lock = new();
    private InstancePhase _phase = InstancePhase.Starting;
    private CancellationTokenSource _left = CancellationTokenSource.CreateLinkedTokenSource(stopping);
    private Uri? _address;
    private ProcessIdentity? _process;
    private int? _endedProcess;
    private bool _hung;
    private bool _onDemand;

    // A rebuild was asked for, and the process has not run since.
    private bool _rebuilds;

    // It is down, and nobody wants it to be: it ended by itself, or for a rebuild that failed.
    private bool _isMissed;

    // It was missed when the rebuild was asked for: Aspire starts what ran before a rebuild, and nothing else.
    private bool _startsAfterRebuild;
    private bool _startAsked;

    /// <summary>The work under way; completes when there is nothing to wait for but the next state.</summary>
    public Task Work { get; private set; } = Task.CompletedTask;

    /// <summary>Sees a state, in the order in which they came.</summary>
    public void Observe(InstanceState state)
    {
        lock (_lock)
        {
            // When Aspire removes what is left of a former process, it publishes the end of that process again.
            if (state is { Phase: InstancePhase.Ended, ProcessId: { } id } && id == _endedProcess)
                return;
            var isMoved = state is { Phase: InstancePhase.Running, Address: { } address } && address != _address;
            if (state.Phase == _phase && !isMoved)
                return;
            if (_phase == InstancePhase.Ended && !_startAsked)
            {
                // A person started it.
                policy.Forget();
                _onDemand = false;
            }

            _startAsked = false;
            _isMissed = false;
            _phase = state.Phase;
            _left.Cancel();
            _left.Dispose();
            _left = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            switch (state.Phase)
            {
                case InstancePhase.Running:
                    policy.Running();
                    _rebuilds = false;
                    _address = state.Address;
                    _process = state.Process;
                    Work = GuardAsync(ReplaceWhenHungAsync(state, _left.Token));
                    break;
                case InstancePhase.Stopping:
                    _onDemand |= !_hung;
                    break;
                case InstancePhase.Ended:
                    var ending = HowItEnded(state.ExitCode);
                    _hung = _onDemand = false;
                    _endedProcess = state.ProcessId;
                    Work = GuardAsync(DecideAsync(ending, state.ExitCode, _left.Token));
                    break;
            }
        }
    }

    /// <summary>A person asks for a stop, restart or rebuild: the end that follows is no crash, and a restart that is due is off.</summary>
    public async Task CommandBeginsAsync(bool rebuild = false)
    {
        lock (_lock)
        {
            _onDemand = true;
            _rebuilds = rebuild;
            if (_phase != InstancePhase.Ended || _startAsked)
                return;
            _startsAfterRebuild = rebuild && _isMissed;
            _isMissed &= rebuild;
            _left.Cancel();
        }

        await control.ShowAsync("was stopped on demand; not restarted");
    }

    /// <summary>The command was carried out, or had no effect.</summary>
    public async Task CommandEndsAsync(bool hasEffect)
    {
        bool starts;
        lock (_lock)
        {
            starts = hasEffect && _startsAfterRebuild;
            _startsAfterRebuild = false;
            if (!hasEffect)
                _onDemand = _rebuilds = false;
        }

        if (starts && await control.StartAsync(stopping) is { } refused)
            log.CommandFailed(id, "start", refused);
    }

    // Nothing awaits the work: without this a failure of Aspire's API would end the supervision of this replica unseen.
    private async Task GuardAsync(Task work)
    {
        try
        {
            await work;
        }
        catch (Exception exception)
        {
            log.SupervisionFailed(exception, id);
            gaveUp($"{id} is not supervised any more: {exception.Message}");
        }
    }

    private Ending HowItEnded(int? exitCode) =>
        _onDemand || (_process is { } process && wasTakenOut(process)) ? Ending.OnDemand : _hung ? Ending.Hung : exitCode switch
        {
            0 => Ending.Completed,
            ServiceRunner.Misconfigured => Ending.Misconfigured,
            _ => Ending.Failed,
        };

    private async Task DecideAsync(Ending ending, int? exitCode, CancellationToken left)
    {
        try
        {
            while (true)
            {
                var why = ending.Describe(exitCode);
                var decision = policy.Ended(ending);
                lock (_lock)
                    _isMissed = _rebuilds || decision is not RestartDecision.Leave;
                switch (decision)
                {
                    case RestartDecision.Leave:
                        // Who asked for the end knows of it.
                        if (ending != Ending.OnDemand)
                            log.Left(id, why);
                        await control.ShowAsync($"{why}; not restarted");
                        return;
                    case RestartDecision.GiveUp:
                        await GiveUpAsync(ending, why);
                        return;
                    case RestartDecision.Restart restart when await IsDueAsync(restart, why, exitCode, left):
                        await StartAsync(left);
                        break;
                    case RestartDecision.Restart:
                        lock (_lock)
                            _isMissed = false;
                        await control.ShowAsync("was taken out; not restarted");
                        return;
                }

                ending = Ending.Failed;
                exitCode = null;
            }
        }
        catch (OperationCanceledException) when (left.IsCancellationRequested)
        {
            // It has started, a person has taken over, or the AppHost stops.
        }
    }

    private async Task GiveUpAsync(Ending ending, string why)
    {
        var decision = ending == Ending.Misconfigured ? "given up, since its configuration is wrong" : "given up after too many restarts";
        var reason = $"{id} {why}; {decision}";
        log.GaveUp(reason);
        await control.ShowAsync(decision, $"{RestartStates.GivenUp} {why}", KnownResourceStateStyles.Error);
        gaveUp(await control.LastWordsAsync(stopping) is { } words ? $"{reason}: {words}" : reason);
    }

    /// <returns>False: it was taken out, which the registry may tell later than its end.</returns>
    /// <exception cref="OperationCanceledException">The state has changed.</exception>
    private async Task<bool> IsDueAsync(RestartDecision.Restart restart, string why, int? exitCode, CancellationToken left)
    {
        // A program that is not there has no exit code, and writes nothing: what DCP says of it is all that there is.
        var reason = exitCode is null && await control.LastWordsAsync(left) is { } words ? $"{why}: {words}" : why;
        log.Restarting(id, reason, restart.Number, restart.Limit, restart.Delay.TotalSeconds);
        var state = string.Create(
            CultureInfo.InvariantCulture, $"{RestartStates.Due} {restart.Number} of {restart.Limit} in {restart.Delay.TotalSeconds} s");
        await control.ShowAsync($"{why}; {state}", state, KnownResourceStateStyles.Warn);
        await Task.Delay(restart.Delay, time, left);
        return _process is not { } process || !wasTakenOut(process);
    }

    /// <exception cref="OperationCanceledException">The state has changed.</exception>
    private async Task StartAsync(CancellationToken left)
    {
        lock (_lock)
        {
            left.ThrowIfCancellationRequested();
            _startAsked = true;
        }

        var refused = await control.StartAsync(stopping);
        if (refused is null)
        {
            await Task.Delay(ConfirmTimeout, time, left);
            refused = $"no change of state within {ConfirmTimeout}";
        }

        log.CommandFailed(id, "start", refused);
        lock (_lock)
            _startAsked = false;
    }

    private async Task ReplaceWhenHungAsync(InstanceState running, CancellationToken left)
    {
        if (detector is null || running.Process is not { } process)
            return;
        try
        {
            while (true)
            {
                await detector.UntilHungAsync(process, running.Address, left);
                lock (_lock)
                {
                    left.ThrowIfCancellationRequested();
                    _hung = true;
                }

                log.Hung(id);
                await control.ShowAsync("does not answer; is being replaced", RestartStates.Hung, KnownResourceStateStyles.Warn);
                for (var kills = 0; kills < MaxKills; kills++)
                {
                    if (control.Kill(process) is { } refused)
                        log.CommandFailed(id, "kill", refused);
                    await Task.Delay(KillInterval, time, left);
                }

                log.CommandFailed(id, "kill", $"process {process.Id} is still there");
            }
        }
        catch (OperationCanceledException) when (left.IsCancellationRequested)
        {
            // It has ended, or the AppHost stops.
        }
    }
}
