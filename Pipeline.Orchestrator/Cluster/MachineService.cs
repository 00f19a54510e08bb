using Orleans.Concurrency;
using Orleans.Runtime.Services;
using Orleans.Services;

namespace Pipeline.Orchestrator.Cluster;

/// <summary>What a machine tells of itself.</summary>
[GenerateSerializer]
internal sealed record MachineReport
{
    /// <summary>Name of the host.</summary>
    [Id(0)]
    public required string Name { get; init; }

    /// <summary>Slices that it can work on at once.</summary>
    [Id(1)]
    public required int Cores { get; init; }

    /// <summary>Slices that it works on.</summary>
    [Id(2)]
    public required int OpenSlices { get; init; }

    /// <summary>Whether its pipeline has an instance for each role of the route.</summary>
    [Id(3)]
    public required bool IsWhole { get; init; }

    /// <summary>Version of its orchestrator.</summary>
    [Id(4)]
    public required string Version { get; init; }

    /// <summary>Identity of the shared storage as it sees it; empty where it has none.</summary>
    [Id(5)]
    public required string Storage { get; init; }

    /// <summary>Its time.</summary>
    [Id(6)]
    public required DateTimeOffset Clock { get; init; }

    /// <summary>Runs that found no route there of late, or of which a slice did.</summary>
    [Id(7)]
    public required string[] WithoutRoute { get; init; }
}

/// <summary>A service on every machine, which can be asked by name.</summary>
[Alias("pipeline.machine")]
internal interface IMachineService : IGrainService
{
    /// <summary>What it tells of itself.</summary>
    [AlwaysInterleave]
    [Alias("report")]
    Task<MachineReport> ReportAsync();
}

/// <summary>This machine's.</summary>
internal sealed class MachineService(LocalMachine machine, GrainId id, Silo silo, ILoggerFactory logs)
    : GrainService(id, silo, logs), IMachineService
{
    public Task<MachineReport> ReportAsync() => Task.FromResult(machine.Report());
}

/// <summary>Calls the service of a particular machine.</summary>
internal sealed class MachineClient(IServiceProvider services) : GrainServiceClient<IMachineService>(services)
{
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Asks a machine.</summary>
    /// <returns>What it tells; null, and why, where it does not answer within two seconds.</returns>
    public async Task<(MachineReport? Report, string? Error)> TryAskAsync(SiloAddress machine, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            return (await GetGrainService(machine).ReportAsync().WaitAsync(AnswerTimeout, time, cancellationToken), null);
        }
        catch (Exception error) when (LostMachine.Explains(error, cancellationToken))
        {
            // Orleans adds the inner exceptions, and stacks behind them.
            return (null, error.Message.Split('\n', 2)[0].Split(" ---> ")[0].Trim());
        }
    }
}
