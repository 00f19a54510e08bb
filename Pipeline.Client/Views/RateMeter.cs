using Pipeline.Client.Runs;

namespace Pipeline.Client.Views;

/// <summary>What a stage does per second, and where its time goes.</summary>
/// <param name="ItemsIn">Lines, events or groups taken in per second.</param>
/// <param name="ItemsOut">Handed on per second.</param>
/// <param name="BytesOut">Handed on per second; null where the stage tells no bytes of what it hands on.</param>
/// <param name="Works">Share of the time in which it processes: 0 to 1; null, as the two below, where the stage tells no times.</param>
/// <param name="WaitsForInput">Share of the time in which it has nothing to process: 0 to 1.</param>
/// <param name="WaitsForOutput">Share of the time in which the stage below takes nothing: 0 to 1.</param>
public sealed record StageRate(
    double ItemsIn, double ItemsOut, double? BytesOut, double? Works, double? WaitsForInput, double? WaitsForOutput);

/// <summary>Makes rates of the sums that stages report: between two reports while a run goes on, over all of its last attempt afterwards.</summary>
public sealed class RateMeter
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(3);

    private readonly Dictionary<string, Reading> _readings = [];
    private (string Run, long Attempt) _of;

    /// <summary>The rate of a stage; null before its second report, and where nothing flows through it any more.</summary>
    public StageRate? this[StageFigures stage] => _readings.GetValueOrDefault(Key(stage))?.Rate;

    /// <summary>Takes a run's figures as they are now.</summary>
    public void Take(Run run)
    {
        var isOver = !run.State.IsActive() && run.ElapsedMicros > 0;
        // Nothing flows while a run waits, or after its last attempt has failed: the figures are old.
        if (_of != (run.Id, run.Attempts) || !(isOver || run.State is RunState.Running or RunState.Draining))
        {
            _readings.Clear();
            _of = (run.Id, run.Attempts);
        }

        foreach (var stage in run.Stages)
        {
            var former = _readings.GetValueOrDefault(Key(stage));
            if (isOver)
                Set(RateOf(new StageFigures { InstanceId = "", Role = "" }, stage, run.ElapsedMicros / 1e6), default);
            // Figures of slices are added up: the sums fall where an attempt at one of them begins anew.
            else if (former is null || IsBehind(stage, former.Stage))
                Set(null, default);
            // By value: what stays the same while other stages report is no report, in this process and over the API.
            else if (former.Stage != stage && run.Updated > former.At)
                Set(RateOf(former.Stage, stage, (run.Updated - former.At).TotalSeconds), run.Updated - former.At);
            // Stages report at intervals, by default every second: one that has missed some hangs, or is cut off.
            else if (run.Updated - former.At is var silent && silent > Silence && silent > 3 * former.Took)
                _readings[Key(stage)] = former with { Rate = null };

            void Set(StageRate? rate, TimeSpan took) => _readings[Key(stage)] = new(stage, run.Updated, rate, took);
        }
    }

    private static string Key(StageFigures stage) => $"{stage.Role} {stage.InstanceId}";

    private static bool IsBehind(StageFigures stage, StageFigures former) =>
        stage.ItemsIn < former.ItemsIn || stage.ItemsOut < former.ItemsOut || stage.BytesOut < former.BytesOut
        || stage.ProcessingMicros < former.ProcessingMicros
        || stage.WaitingToReceiveMicros < former.WaitingToReceiveMicros
        || stage.WaitingToSendMicros < former.WaitingToSendMicros;

    private static StageRate RateOf(StageFigures from, StageFigures to, double seconds)
    {
        var works = to.ProcessingMicros - from.ProcessingMicros;
        var waitsForInput = to.WaitingToReceiveMicros - from.WaitingToReceiveMicros;
        var waitsForOutput = to.WaitingToSendMicros - from.WaitingToSendMicros;
        // Nothing may have been added between two reports: a stage counts its work at the end of each batch.
        double? whole = to.TellsTimes ? Math.Max(1, works + waitsForInput + waitsForOutput) : null;
        return new(
            (to.ItemsIn - from.ItemsIn) / seconds, (to.ItemsOut - from.ItemsOut) / seconds,
            to.TellsBytes ? (to.BytesOut - from.BytesOut) / seconds : null,
            works / whole, waitsForInput / whole, waitsForOutput / whole);
    }

    // Took: the time between this report and the one before.
    private sealed record Reading(StageFigures Stage, DateTimeOffset At, StageRate? Rate, TimeSpan Took);
}
