using System.Globalization;
using System.Text.Json;
using Orleans.Concurrency;
using Pipeline.Client.Runs;
using Pipeline.Contracts;
using Pipeline.Orchestrator.Attempts;
using Pipeline.Orchestrator.Partitions;

namespace Pipeline.Orchestrator.Cluster;

/// <summary>A slice of a partitioned run, key RUN_ID/INDEX: worked on by the machine that it is on. All its state is in files.</summary>
[Alias("pipeline.slice")]
internal interface ISliceGrain : IGrainWithStringKey
{
    /// <summary>See <see cref="ISliceWorkers.AdvanceAsync"/>; answers within a few seconds.</summary>
    [ResponseTimeout("00:00:10")]
    [Alias("advance")]
    Task<SliceAnswer> AdvanceAsync(long seen);

    /// <summary>See <see cref="ISliceWorkers.StopAsync"/>.</summary>
    [ResponseTimeout("00:00:10")]
    [Alias("stop")]
    Task StopAsync(StopReason reason);
}

/// <summary>A <see cref="SliceReport"/> on its way between machines; the run as run.json has it.</summary>
[GenerateSerializer]
internal sealed record SliceAnswer([property: Id(0)] long Version, [property: Id(1)] string Machine, [property: Id(2)] byte[] Run)
{
    /// <summary>Packs a report.</summary>
    public static SliceAnswer Of(SliceReport report) =>
        new(report.Version, report.Machine, JsonSerializer.SerializeToUtf8Bytes(report.Run, RunJson.Default.Run));

    /// <summary>Unpacks it.</summary>
    public SliceReport ToReport() => new(Version, Machine, JsonSerializer.Deserialize(Run, RunJson.Default.Run)!);
}

/// <summary>Passes calls on to the workers of the machine that it is on.</summary>
[Reentrant, LeastLoadedPlacement, CollectionAgeLimit(Minutes = 2)]
internal sealed class SliceGrain([FromKeyedServices(ClusterSetup.Local)] ISliceWorkers workers, LocalMachine machine, Machines machines)
    : Grain, ISliceGrain
{
    private bool _isOpen;

    public async Task<SliceAnswer> AdvanceAsync(long seen)
    {
        if (!_isOpen)
        {
            _isOpen = true;
            machine.Open();
        }

        var (run, slice) = SliceKey.Parse(this.GetPrimaryKeyString());
        // On the pool: what the workers start must not go on under the scheduler of the grain, which runs one thread at a time.
        var report = await Task.Run(() => workers.AdvanceAsync(run, slice, seen, CancellationToken.None));
        if (report.Run.State.IsActive())
            return SliceAnswer.Of(report);
        Close();
        if (report.Run is { State: RunState.Failed, Error.Reason: FailureReasons.NoRoute })
        {
            machine.FoundNoRoute(run);
            // Now: while a migration that has begun asked them, the next call would have the slice begun here again.
            await machines.RefreshAsync();
            // Not deactivated only: the machines that have this address in their caches would have it activated here again.
            MigrateOnIdle();
        }
        else
        {
            // So that it is placed anew when it is worked on again.
            DeactivateOnIdle();
        }

        return SliceAnswer.Of(report);
    }

    public Task StopAsync(StopReason reason)
    {
        var (run, slice) = SliceKey.Parse(this.GetPrimaryKeyString());
        return Task.Run(() => workers.StopAsync(run, slice, reason));
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        Close();
        return Task.CompletedTask;
    }

    private void Close()
    {
        if (_isOpen)
            machine.Close();
        _isOpen = false;
    }
}

/// <summary>Keys of slice grains.</summary>
internal static class SliceKey
{
    /// <summary>RUN_ID/INDEX.</summary>
    public static string Of(string run, int slice) => string.Create(CultureInfo.InvariantCulture, $"{run}/{slice}");

    /// <summary>Reads what <see cref="Of"/> wrote.</summary>
    public static (string Run, int Slice) Parse(string key)
    {
        var at = key.LastIndexOf('/');
        return (key[..at], int.Parse(key.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture));
    }
}
