using Microsoft.Extensions.Time.Testing;
using Pipeline.Client.Runs;
using Pipeline.Orchestrator.Attempts;
using Pipeline.Orchestrator.Cluster;
using Pipeline.Orchestrator.Partitions;

namespace Pipeline.Tests.Orchestrator.Partitions;

/// <summary>What happens to the machines of a <see cref="SimulatedCluster"/>.</summary>
internal sealed record SimulatedLoad
{
    /// <summary>Machines, with as many lanes each.</summary>
    public required int Machines { get; init; }

    /// <summary>Lanes of a machine.</summary>
    public int Lanes { get; init; } = 4;

    /// <summary>Time that a lane takes for a slice.</summary>
    public required TimeSpan Slice { get; init; }

    /// <summary>One machine of so many is slow; 0 = none.</summary>
    public int SlowEvery { get; init; }

    /// <summary>What a slow machine takes the time of a slice times.</summary>
    public double Slowness { get; init; } = 3;

    /// <summary>Mean time until a machine dies; null = never.</summary>
    public TimeSpan? MeanLife { get; init; }
}

/// <summary>
/// Machines that work on slices, as a simulation of discrete events on fake time: nothing is parallel, and the same load gives the same
/// figures. Placement is the cluster's own; a machine that dies is declared dead after <see cref="Detection"/>, loses what its slices did
/// since their last checkpoint, and is back a minute later.
/// </summary>
internal sealed class SimulatedCluster : ISliceWorkers
{
    /// <summary>Three probes of a second without an answer, and the votes.</summary>
    public static readonly TimeSpan Detection = TimeSpan.FromSeconds(4);

    private static readonly TimeSpan Checkpoint = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Reboot = TimeSpan.FromMinutes(1);

    private readonly Random _random = new(42);
    private readonly PriorityQueue<Action, (TimeSpan Due, long Order)> _events = new();
    private readonly Dictionary<int, Slice> _slices = [];
    private readonly FakeTimeProvider _time;
    private readonly SimulatedLoad _load;
    private readonly List<Machine> _machines;
    private TimeSpan _now;
    private long _order;

    public SimulatedCluster(SimulatedLoad load, FakeTimeProvider time)
    {
        (_load, _time) = (load, time);
        _machines = [.. Enumerable.Range(0, load.Machines).Select(index =>
            new Machine($"m{index}", load.SlowEvery > 0 && index % load.SlowEvery == 0 ? 1 / load.Slowness : 1))];
        foreach (var machine in _machines)
            PlanDeath(machine);
    }

    /// <summary>Machines that died while there was work.</summary>
    public int Deaths { get; private set; }

    /// <summary>Work that was done again.</summary>
    public TimeSpan Repeated { get; private set; }

    /// <summary>Starts a run, and lets time pass until it has ended.</summary>
    /// <returns>The time that it took.</returns>
    public TimeSpan Run(Func<Task> start)
    {
        var turns = new Turns();
        var end = Task.CompletedTask;
        turns.Post(_ => end = start(), null);
        turns.Take();
        while (!end.IsCompleted)
        {
            if (!_events.TryPeek(out _, out var next))
                throw new InvalidOperationException("Slices are open, and nothing is going on.");
            _time.Advance(next.Due - _now);
            _now = next.Due;
            while (_events.TryPeek(out var happen, out next) && next.Due == _now)
            {
                _events.Dequeue();
                happen();
            }

            turns.Take();
        }

        end.GetAwaiter().GetResult();
        return _now;
    }

    public bool HasOtherMachines => true;

    public ValueTask<int> LanesAsync(CancellationToken cancellationToken) => ValueTask.FromResult(_machines.Count * _load.Lanes);

    public ValueTask<int> CapacityAsync(CancellationToken cancellationToken) =>
        ValueTask.FromResult(Math.Max(1, _machines.Count(machine => machine.IsUp) * _load.Lanes));

    public Task<SliceReport> AdvanceAsync(string runId, int slice, long seen, CancellationToken cancellationToken)
    {
        if (!_slices.TryGetValue(slice, out var work))
        {
            _slices[slice] = work = new Slice(slice);
            Place(work);
        }

        return work.Version != seen ? Task.FromResult(work.ToReport()) : work.NextAsync();
    }

    public Task StopAsync(string runId, int slice, StopReason reason) =>
        throw new InvalidOperationException($"slice {slice} was stopped: {reason}");

    private void Place(Slice slice)
    {
        var machine = Machines.Choose(
            _machines.Where(machine => machine.IsKnown), one => (IsAble: true, Cores: _load.Lanes, Open: one.Open.Count))!;
        machine.Open.Add(slice);
        slice.MovesTo(machine);
        if (machine.IsUp)
            Begin(machine);
    }

    // As many as there are lanes; the others wait for one.
    private void Begin(Machine machine)
    {
        foreach (var slice in machine.Open.Take(_load.Lanes).Where(slice => slice.Began is null))
        {
            var epoch = slice.Begin(_now);
            At((_load.Slice - slice.Done) / machine.Speed, () => End(machine, slice, epoch));
        }
    }

    private void End(Machine machine, Slice slice, int epoch)
    {
        if (slice.Epoch != epoch)
            return;
        machine.Open.Remove(slice);
        slice.Ends();
        Begin(machine);
    }

    private void Die(Machine machine)
    {
        Deaths++;
        machine.IsUp = false;
        foreach (var slice in machine.Open)
        {
            var worked = (_now - (slice.Began ?? _now)) * machine.Speed;
            var stored = TimeSpan.FromTicks(worked.Ticks - (worked.Ticks % Checkpoint.Ticks));
            Repeated += worked - stored;
            slice.Breaks(stored);
        }

        At(Detection, () =>
        {
            machine.IsKnown = false;
            var lost = machine.Open.ToList();
            machine.Open.Clear();
            lost.ForEach(Place);
        });
        At(Reboot, () =>
        {
            (machine.IsUp, machine.IsKnown) = (true, true);
            PlanDeath(machine);
        });
    }

    private void PlanDeath(Machine machine)
    {
        if (_load.MeanLife is { } mean)
            At(-Math.Log(1 - _random.NextDouble()) * mean, () => Die(machine));
    }

    private void At(TimeSpan delay, Action happen) => _events.Enqueue(happen, (_now + delay, _order++));

    /// <summary>What waits goes on here, in order, once everything has happened that happens at the same time.</summary>
    private sealed class Turns : SynchronizationContext
    {
        private readonly Queue<(SendOrPostCallback Callback, object? State)> _waiting = new();

        public override void Post(SendOrPostCallback d, object? state) => _waiting.Enqueue((d, state));

        public void Take()
        {
            var former = Current;
            SetSynchronizationContext(this);
            while (_waiting.TryDequeue(out var next))
                next.Callback(next.State);
            SetSynchronizationContext(former);
        }
    }

    private sealed record Machine(string Name, double Speed)
    {
        public List<Slice> Open { get; } = [];

        /// <summary>It works.</summary>
        public bool IsUp { get; set; } = true;

        /// <summary>The membership has it: a dead one is in there until that is found out.</summary>
        public bool IsKnown { get; set; } = true;
    }

    private sealed class Slice(int index)
    {
        private TaskCompletionSource<SliceReport>? _awaited;
        private string _machine = "";

        public long Version { get; private set; }

        /// <summary>What its last checkpoint has.</summary>
        public TimeSpan Done { get; private set; }

        public TimeSpan? Began { get; private set; }

        public int Epoch { get; private set; }

        public bool IsDone { get; private set; }

        public void MovesTo(Machine machine)
        {
            _machine = machine.Name;
            Tell();
        }

        public int Begin(TimeSpan now)
        {
            Began = now;
            return ++Epoch;
        }

        public void Breaks(TimeSpan stored)
        {
            (Began, Done) = (null, Done + stored);
            Epoch++;
        }

        public void Ends()
        {
            IsDone = true;
            Tell();
        }

        public Task<SliceReport> NextAsync() => (_awaited = new TaskCompletionSource<SliceReport>()).Task;

        public SliceReport ToReport() =>
            new(Version, _machine, SampleRun.New($"run.{index:0000}", IsDone ? RunState.Completed : RunState.Running) with { Attempts = Epoch });

        private void Tell()
        {
            Version++;
            var awaited = _awaited;
            _awaited = null;
            awaited?.SetResult(ToReport());
        }
    }
}
