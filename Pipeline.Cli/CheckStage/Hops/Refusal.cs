using Grpc.Core;
using Pipeline.Client.Channels;
using Pipeline.Contracts.V1;

namespace Pipeline.Cli.CheckStage.Hops;

/// <summary>Calls that the stage is to fail before the first batch.</summary>
internal static class Refusal
{
    /// <summary>Begins a call, and waits for its failure.</summary>
    /// <param name="run">The check.</param>
    /// <param name="first">The first message.</param>
    /// <param name="below">What the hop below does when the stage opens it; null: the stage must not.</param>
    /// <param name="key">In the place of the stage's; empty = none.</param>
    /// <exception cref="UnexpectedException">The stage goes on, or ends the call with OK.</exception>
    public static async Task<RpcException> OfAsync(CheckRun run, StageInput first, Func<CallBelow, Task>? below = null, string? key = null)
    {
        using var above = new HopAbove(run.Target, key: key);
        var opened = run.Below.ExpectAsync(first.OpenRun?.RunId ?? "");
        var accepted = new TaskCompletionSource<StageOutput>(TaskCreationOptions.RunContinuationsAsynchronously);
        above.Begin([], run.Cancellation);
        var ended = EndAsync();
        if (await run.WithinAsync(Task.WhenAny(opened, accepted.Task, ended)) == opened)
        {
            var call = await opened;
            if (below is null)
            {
                call.Complete();
                throw new UnexpectedException("the stage opened the hop below");
            }

            await below(call);
        }

        if (await run.WithinAsync(Task.WhenAny(accepted.Task, ended)) == accepted.Task)
            throw new UnexpectedException($"the stage goes on, with {Messages.Opening.Show(await accepted.Task)}");
        return await ended ?? throw new UnexpectedException("the call ended with OK");

        async Task<RpcException?> EndAsync()
        {
            await above.SendFirstAsync(first, run.Cancellation);
            return await above.EndAsync(
                answer =>
                {
                    if (answer.RunOpened is { More: false })
                        accepted.TrySetResult(answer);
                },
                run.Cancellation);
        }
    }

    /// <summary>Whether no other attempt follows such an end of a call.</summary>
    public static bool IsFinal(RpcException exception) => !exception.ToFailure(new Hop()).Retryable;
}
