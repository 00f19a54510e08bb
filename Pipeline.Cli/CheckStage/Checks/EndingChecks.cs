using Grpc.Core;
using Pipeline.Cli.CheckStage.Hops;
using Pipeline.Cli.CheckStage.Messages;
using Pipeline.Contracts.V1;

namespace Pipeline.Cli.CheckStage.Checks;

/// <summary>How an attempt ends that nothing went wrong in.</summary>
internal static class EndingChecks
{
    /// <summary>The input ends, and the run is completed.</summary>
    public static async Task EndAsync(CheckRun run)
    {
        using var attempt = await run.OpenAsync();
        await CompletesAsync(run, attempt, new StageInput { EndOfInput = new EndOfInput() });
        await attempt.RequireDisconnectedAsync("is completed");
    }

    /// <summary>The run is drained.</summary>
    public static async Task DrainAsync(CheckRun run)
    {
        using var attempt = await run.OpenAsync();
        await CompletesAsync(run, attempt, new StageInput { Control = new Control { Action = ControlAction.Drain } });
    }

    /// <summary>A stream that just ends completes nothing.</summary>
    public static async Task GivenUpAsync(CheckRun run)
    {
        using var attempt = await run.OpenAsync();
        run.Step(
            "events, and then the end of the stream without EndOfInput",
            "neither EndOfInput nor Control at the hop below, and a failure of the call",
            ContractText.GivenUp);
        await attempt.Above.SendAsync(attempt.Traffic.Events(3), run.Cancellation);
        await attempt.Above.HalfCloseAsync();
        try
        {
            StageInput? message;
            do
            {
                message = await run.WithinAsync(attempt.Below.ReadAsync(run.Cancellation));
                run.Require(message is not { EndOfInput: not null } and not { Control: not null }, $"{message} at the hop below");
            }
            while (message is not null && message.EndOfInput is null && message.Control is null);
        }
        catch (LostException)
        {
            // So it should be.
        }

        attempt.Below.Fail(new RpcException(new Status(StatusCode.Unavailable, "the stream ended without EndOfInput")));
        await attempt.FailureAsync();
    }

    private static async Task CompletesAsync(CheckRun run, Attempt attempt, StageInput last)
    {
        var traffic = attempt.Traffic;
        run.Step(
            $"a batch, a checkpoint, {last}, and then the end of the stream",
            $"{last} at the hop below, then the end of the stream",
            ContractText.HalfClose);
        var passage = await attempt.PassAsync(
            () => attempt.Above.SendAsync(traffic.Events(3), run.Cancellation), last, untilHalfClosed: true);
        run.Require(
            passage.HalfClosed && passage.Taken[^1].Equals(last),
            $"{Opening.Show(passage.Taken[^1])}{(passage.HalfClosed ? "" : ", and the stream goes on")}");

        var expected = BelowScript.Completion(last.Control is not null);
        run.Step(
            $"{new StageOutput { RunCompleted = expected }} from the hop below",
            "the same as the last message, with figures of the stage in front or without, and the call ends with OK",
            ContractText.Completed);
        var answer = passage.Answers.Count > 0 ? passage.Answers[^1] : new StageOutput();
        run.Require(
            passage.Answers.Count(one => one.RunCompleted is not null) == 1 && Fits(answer.RunCompleted, expected),
            Opening.Show(answer));
    }

    private static bool Fits(RunCompleted? came, RunCompleted expected)
    {
        if (came is null)
            return false;
        var bare = came.Clone();
        if (bare.Stages.Count == 2)
            bare.Stages.RemoveAt(0);
        return bare.Equals(expected);
    }
}
