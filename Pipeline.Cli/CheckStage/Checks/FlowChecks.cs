using Pipeline.Cli.CheckStage.Hops;
using Pipeline.Cli.CheckStage.Messages;
using Pipeline.Contracts;

namespace Pipeline.Cli.CheckStage.Checks;

/// <summary>What passes when little does.</summary>
internal static class FlowChecks
{
    /// <summary>A stage takes no more than a bounded amount while the hop below takes nothing, and loses none of it.</summary>
    public static async Task BackPressureAsync(CheckRun run)
    {
        using var attempt = await run.OpenAsync();
        var traffic = attempt.Traffic;
        run.Step(
            "batches of 256 KiB, while the hop below reads nothing",
            $"sending waits before {run.Limits.Buffered >> 20} MiB are taken: windows of 16 MiB, a message of 16 MiB at each end, "
            + "and as much for the library",
            ContractText.Windows);
        var taken = 0L;
        var sending = Task.CompletedTask;
        while (sending.IsCompleted && taken < run.Limits.Buffered)
        {
            await sending;
            var message = traffic.Rejects(256, 1000);
            taken += message.CalculateSize();
            sending = attempt.Above.SendAsync(message, run.Cancellation);
            await sending.WaitAsync(run.Limits.Stall, run.Time, run.Cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        run.Require(!sending.IsCompleted, $"{taken >> 20} MiB were taken, and sending does not wait");
        if (sending.IsCompleted)
            return;
        run.Step(
            $"{traffic.Sent} rejects, which the hop below begins to read only now",
            "all of them at the hop below",
            ContractText.Conservation);
        var tally = new Tally();
        (await attempt.PassAsync(() => sending)).Taken.ForEach(tally.Add);
        run.Require(tally.Lines == traffic.Sent, tally.ToString());
    }

    /// <summary>A call that says nothing for a while stays open, with pings alone.</summary>
    public static async Task PingsAsync(CheckRun run)
    {
        run.Step(
            $"HTTP/2 pings every {StageContract.PingDelay.TotalSeconds:0} s for {run.Limits.Silence.TotalSeconds:0.#} s on a call that says nothing, "
            + "then events",
            $"the pings are answered within {StageContract.PingTimeout.TotalSeconds:0} s, and the call goes on", ContractText.Windows);
        using var attempt = await Attempt.OpenAsync(run, Opening.Of(run), [Opening.Answer(run.Target)], [], StageContract.PingDelay);
        await Task.Delay(run.Limits.Silence, run.Time, run.Cancellation);
        var traffic = attempt.Traffic;
        await attempt.PassAsync([traffic.Events(3)]);
    }
}
