using Pipeline.Contracts.V1;

namespace Pipeline.Cli.CheckStage.Hops;

/// <summary>What the hop below does in an ordinary attempt: takes everything, commits each checkpoint, and completes the run.</summary>
/// <param name="call">The stage's call.</param>
/// <param name="passage">Takes what comes.</param>
/// <param name="untilHalfClosed">RunCompleted is answered only when the stage has half-closed its call.</param>
internal sealed class BelowScript(CallBelow call, Passage passage, bool untilHalfClosed)
{
    /// <summary>Figures and counts that it completes runs with.</summary>
    public static RunCompleted Completion(bool drained) => new()
    {
        Drained = drained,
        Counts = new Counts { Lines = Messages.Opening.Unroundable, Rejected = 3 },
        Stages = { Metrics() },
        Output = drained ? "" : "/tmp/check/results.ndjson",
        Rejects = "/tmp/check/results.rejects.ndjson",
        ElapsedMicros = 123_456,
    };

    /// <summary>Figures that it tells with each checkpoint.</summary>
    public static StageOutput Figures { get; } = new() { Progress = new Progress { Metrics = Metrics() } };

    /// <summary>Takes to the end.</summary>
    public async Task TakeAsync(CancellationToken cancellationToken)
    {
        while (await call.ReadAsync(cancellationToken) is { } message)
        {
            passage.Taken.Add(message);
            if (message.Checkpoint is { More: false } checkpoint)
            {
                var committed = new CheckpointCommitted { Id = checkpoint.Id, Position = checkpoint.Position };
                await call.WriteAsync(new StageOutput { CheckpointCommitted = committed });
                await call.WriteAsync(Figures);
            }

            if (message.EndOfInput is not null || message.Control is not null)
            {
                passage.HalfClosed = untilHalfClosed && await call.ReadAsync(cancellationToken) is null;
                await call.WriteAsync(new StageOutput { RunCompleted = Completion(message.Control is not null) });
                call.Complete();
                return;
            }
        }

        throw new UnexpectedException("the stage half-closed its call to the hop below without EndOfInput or Control");
    }

    private static StageMetrics Metrics() => new() { InstanceId = "check-below", Role = "sink", ItemsIn = Messages.Opening.Unroundable };
}
