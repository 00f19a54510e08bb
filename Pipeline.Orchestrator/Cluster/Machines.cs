namespace Pipeline.Orchestrator.Cluster;

/// <summary>The live machines of the cluster and what they tell of themselves, as of a second ago at most.</summary>
/// <remarks>
/// A machine that does not answer within two seconds counts as absent: a call waits for no longer, and not at all while the answers are
/// fresh. Between two answers of a machine, the slices that were placed there from here are counted here.
/// </remarks>
internal sealed class Machines(MachineClient client, IClusterMembershipService membership, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _turn = new(1);
    private Dictionary<SiloAddress, MachineReport> _reports = [];
    private long? _read;

    /// <summary>Slices that all machines together can work on at once when their pipelines are whole; at least 1.</summary>
    public Task<int> LanesAsync(CancellationToken cancellationToken) => SumAsync(_ => true, cancellationToken);

    /// <summary>Slices that they can work on at once at the moment; at least 1.</summary>
    public Task<int> CapacityAsync(CancellationToken cancellationToken) => SumAsync(machine => machine.IsWhole, cancellationToken);

    /// <summary>Picks the machine for a slice: of those that can work on it, the one with the fewest open slices per core.</summary>
    /// <remarks>Where none can, any machine is better than none: the slice waits there, and says what for.</remarks>
    /// <param name="runId">The slice's run.</param>
    /// <param name="candidates">Machines that it can be placed on; at least one.</param>
    public Task<SiloAddress> PlaceAsync(string runId, IReadOnlyList<SiloAddress> candidates) => InTurnAsync(reports =>
    {
        var placed = Choose(
            candidates.Where(reports.ContainsKey),
            machine => (IsAble(reports[machine], runId), reports[machine].Cores, reports[machine].OpenSlices));
        if (placed is null)
            return candidates[Random.Shared.Next(candidates.Count)];
        reports[placed] = reports[placed] with { OpenSlices = reports[placed].OpenSlices + 1 };
        return placed;
    });

    /// <summary>Of the machines that can go on with a run, the one with the fewest open slices per core; null where none can.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="tried">Names of those that cannot.</param>
    public Task<SiloAddress?> FindAbleAsync(string runId, IReadOnlyList<string> tried) => InTurnAsync(
        reports => Choose(
            reports.Keys.Where(machine => IsAble(reports[machine], runId) && !tried.Contains(reports[machine].Name)),
            machine => (true, reports[machine].Cores, reports[machine].OpenSlices)),
        areStale: true);

    /// <summary>Asks the machines anew: what one of them tells has changed.</summary>
    public Task RefreshAsync() => InTurnAsync(reports => reports.Count, areStale: true);

    /// <summary>Of several machines the one for another slice; null where there are none.</summary>
    public static T? Choose<T>(IEnumerable<T> machines, Func<T, (bool IsAble, int Cores, int Open)> stateOf)
        where T : class
    {
        return machines.MinBy(Rank);

        (bool, double) Rank(T machine)
        {
            var (isAble, cores, open) = stateOf(machine);
            return (!isAble, (open + 1.0) / cores);
        }
    }

    public void Dispose() => _turn.Dispose();

    private static bool IsAble(MachineReport machine, string runId) => machine.IsWhole && !machine.WithoutRoute.Contains(runId);

    private Task<int> SumAsync(Func<MachineReport, bool> counts, CancellationToken cancellationToken) =>
        InTurnAsync(reports => Math.Max(1, reports.Values.Where(counts).Sum(machine => machine.Cores)), cancellationToken: cancellationToken);

    private async Task<T> InTurnAsync<T>(
        Func<Dictionary<SiloAddress, MachineReport>, T> use, bool areStale = false, CancellationToken cancellationToken = default)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (areStale)
                _read = null;
            return use(await ReadAsync());
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<Dictionary<SiloAddress, MachineReport>> ReadAsync()
    {
        if (_read is { } read && time.GetElapsedTime(read) < Freshness)
            return _reports;
        var live = membership.CurrentSnapshot.Members.Values.Where(member => member.Status == SiloStatus.Active);
        var answers = await Task.WhenAll(live.Select(async member =>
            (member.SiloAddress, (await client.TryAskAsync(member.SiloAddress, time, CancellationToken.None)).Report)));
        _reports = answers.Where(answer => answer.Report is not null).ToDictionary(answer => answer.SiloAddress, answer => answer.Report!);
        // An empty result is not cached: before this silo is active in its own snapshot there is nobody to ask.
        _read = _reports.Count > 0 ? time.GetTimestamp() : null;
        return _reports;
    }
}
