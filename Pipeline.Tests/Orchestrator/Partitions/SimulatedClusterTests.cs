using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Client.Registry;
using Pipeline.Client.Runs;
using Pipeline.Orchestrator.Attempts;
using Pipeline.Orchestrator.Partitions;
using Pipeline.Orchestrator.Runs;
using Xunit.Abstractions;

namespace Pipeline.Tests.Orchestrator.Partitions;

/// <summary>The scheduling of a partitioned run, with as many machines as nobody has here; docs/scale.md has the figures.</summary>
public sealed class SimulatedClusterTests(ITestOutputHelper output) : FolderTests
{
    // A petabyte by a gigabyte a second.
    private static readonly TimeSpan Slice = TimeSpan.FromSeconds(1e6 / RunSettingsCheck.MaxPartitions);

    [Theory]
    [InlineData(10, 0, 0)]
    [InlineData(100, 0, 0)]
    [InlineData(100, 100, 0)]
    [InlineData(1000, 0, 0)]
    [InlineData(1000, 100, 0)]
    [InlineData(1000, 100, 1)]
    public async Task RunSlices_ManyMachines_TakesWhatThePageSays(int machines, int slowEvery, int meanLifeHours)
    {
        var load = new SimulatedLoad
        {
            Machines = machines,
            Slice = Slice,
            SlowEvery = slowEvery,
            MeanLife = meanLifeHours == 0 ? null : TimeSpan.FromHours(meanLifeHours),
        };

        var (took, cluster) = Simulate(load);

        var share = load.Slice * RunSettingsCheck.MaxPartitions / (took * machines * load.Lanes);
        var (slow, deaths) = (slowEvery == 0 ? "none" : $"1 in {slowEvery}", meanLifeHours == 0 ? "never" : $"{meanLifeHours} h");
        var row = string.Create(
            CultureInfo.InvariantCulture,
            $"| {machines:N0} | {slow} | {deaths} | {cluster.Deaths} | {took.TotalSeconds:N0} s | {100 * share:0} % | {cluster.Repeated.TotalSeconds:N0} s |");
        output.WriteLine(row);
        Assert.Contains(row, await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "scale.md")), StringComparison.Ordinal);
    }

    private (TimeSpan Took, SimulatedCluster Cluster) Simulate(SimulatedLoad load)
    {
        var input = Write("in.ndjson", string.Concat(Enumerable.Range(0, RunSettingsCheck.MaxPartitions).Select(line => $"line {line:0000}\n")));
        var time = new FakeTimeProvider();
        var cluster = new SimulatedCluster(load, time);
        var settings = new RunSettings { Input = input, Partitions = RunSettingsCheck.MaxPartitions };
        var run = new Observable<Run>(SampleRun.New(at: time.GetUtcNow()) with { Options = settings, Input = input });
        var tracker = new RunTracker(run, _ => { }, _ => { }, new SpeedSeries([]), time);
        var took = cluster.Run(
            () => new PartitionedRun(cluster, [Folder], tracker, Folder, new StopSignal(), () => { }, time).RunSlicesAsync(() => Task.CompletedTask));
        Assert.Equal(RunSettingsCheck.MaxPartitions, run.Current.Value.Slices.Count(slice => slice.State == RunState.Completed));
        return (took, cluster);
    }
}
