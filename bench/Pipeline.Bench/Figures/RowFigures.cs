namespace Pipeline.Bench.Figures;

/// <summary>One row over all rounds.</summary>
internal sealed record RowFigures(string Name, long Lines, IReadOnlyList<Measurement> Rounds)
{
    /// <summary>Input lines over time, by round.</summary>
    public IReadOnlyList<double> Rates => [.. Rounds.Select(round => Lines / round.Seconds)];

    public Spread EventsPerSecond => Spread.Of(Rates);

    public Spread CpuSeconds => Over(round => round.CpuSeconds);

    public Spread CpuNanosPerEvent => Over(round => round.CpuSeconds * 1e9 / Lines);

    /// <summary>Names of the stages, first one first.</summary>
    public IReadOnlyList<string> Stages => [.. Rounds[0].Stages.Select(stage => stage.Role)];

    /// <summary>Names of the processes.</summary>
    public IReadOnlyList<string> Processes => [.. Rounds[0].PeakRssBytes.Keys];

    /// <summary>Of a figure of the row.</summary>
    public Spread Over(Func<Measurement, double> figure) => Spread.Of(Rounds.Select(figure));

    /// <summary>Of a figure of one stage.</summary>
    public Spread Over(string stage, Func<StageMeasurement, double> figure) =>
        Over(round => figure(round.Stages.First(one => one.Role == stage)));

    /// <summary>Bytes allocated on the managed heap per input line.</summary>
    public Spread AllocatedPerEvent(string stage) => Over(stage, one => (double)one.AllocatedBytes / Lines);

    /// <summary>How many times as fast as another row.</summary>
    public Spread Against(RowFigures other) => Spread.OfRatios(Rates, other.Rates);

    /// <summary>Share of the CPU time that goes beyond what the same work takes in one process on one thread.</summary>
    public Spread IpcOverhead(RowFigures monolith) =>
        Spread.Of(Rounds.Zip(monolith.Rounds, (split, one) => 1 - (one.CpuSeconds / split.CpuSeconds)));
}
