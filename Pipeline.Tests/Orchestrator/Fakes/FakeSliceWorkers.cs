using System.Collections.Concurrent;
using Pipeline.Client.Registry;
using Pipeline.Client.Runs;
using Pipeline.Orchestrator.Attempts;
using Pipeline.Orchestrator.Partitions;

namespace Pipeline.Tests.Orchestrator.Fakes;

/// <summary>Slices whose state tests set.</summary>
internal sealed class FakeSliceWorkers(int capacity) : ISliceWorkers
{
    private readonly ConcurrentDictionary<int, Observable<SliceReport>> _slices = new();
    private readonly Observable<int> _changes = new(0);

    /// <summary>Slices that were asked for, each once, in the order in which they were.</summary>
    public ConcurrentQueue<int> Asked { get; } = new();

    /// <summary>Stops that were asked for.</summary>
    public ConcurrentQueue<(int Slice, StopReason Reason)> Stopped { get; } = new();

    public bool HasOtherMachines { get; set; }

    /// <summary>Slices that can be worked on at once when all pipelines are whole; null = as many as now.</summary>
    public int? Lanes { get; init; }

    public ValueTask<int> LanesAsync(CancellationToken cancellationToken) => ValueTask.FromResult(Lanes ?? capacity);

    public ValueTask<int> CapacityAsync(CancellationToken cancellationToken) => ValueTask.FromResult(capacity);

    public async Task<SliceReport> AdvanceAsync(string runId, int slice, long seen, CancellationToken cancellationToken)
    {
        // Asked tells of it once a test can set it.
        if (_slices.TryAdd(slice, new(ReportOf(slice, 1, RunState.Running), () => _changes.Change(count => count + 1))))
            Asked.Enqueue(slice);
        var reports = _slices[slice];
        _changes.Change(count => count + 1);
        return await reports.ReadAllAsync(cancellationToken).FirstAsync(report => report.Version != seen, cancellationToken);
    }

    public Task StopAsync(string runId, int slice, StopReason reason)
    {
        Stopped.Enqueue((slice, reason));
        _changes.Change(count => count + 1);
        return Task.CompletedTask;
    }

    /// <summary>Sets the state of a slice that was asked for.</summary>
    public void Set(int slice, RunState state, Func<Run, Run>? change = null) => _slices[slice].Change(former =>
        ReportOf(slice, former.Version + 1, state) with { Run = (change ?? (run => run))(former.Run with { State = state }) });

    /// <summary>Completes each slice once it is asked for.</summary>
    public async Task CompleteAllAsync(int slices, Func<int, Run, Run>? change = null)
    {
        for (var slice = 0; slice < slices; slice++)
        {
            await Until(() => Asked.Count > slice);
            Set(slice, RunState.Completed, run => change?.Invoke(slice, run) ?? run);
        }
    }

    /// <summary>Waits until something holds.</summary>
    public async Task Until(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Waiting.Limit);
        await _changes.ReadAllAsync(limit.Token).FirstAsync(_ => condition(), limit.Token);
    }

    private static SliceReport ReportOf(int slice, long version, RunState state) =>
        new(version, "here", SampleRun.New($"run.{slice:0000}", state) with { Attempts = 1 });
}
