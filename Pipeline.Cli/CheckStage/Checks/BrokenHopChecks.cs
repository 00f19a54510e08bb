using Pipeline.Cli.CheckStage.Hops;
using Pipeline.Cli.CheckStage.Messages;
using Pipeline.Contracts.V1;
using Pipeline.ServiceDefaults.Endpoints;

namespace Pipeline.Cli.CheckStage.Checks;

/// <summary>A neighbour that gives up or is gone.</summary>
internal static class BrokenHopChecks
{
    /// <summary>A cancelled call cancels the one below.</summary>
    public static async Task CancelAsync(CheckRun run)
    {
        using var attempt = await run.OpenAsync();
        await EndsBelowAsync(run, attempt, "a batch, and then the call is cancelled", attempt.Above.Cancel);
        await attempt.RequireDisconnectedAsync("is cancelled");
    }

    /// <summary>So does a caller that dies.</summary>
    public static async Task AboveGoneAsync(CheckRun run)
    {
        using var attempt = await run.OpenAsync();
        await EndsBelowAsync(run, attempt, "a batch, and then the connection from above is broken", attempt.Above.Break);
    }

    /// <summary>A hop below that dies fails the call, so that it is tried again.</summary>
    public static async Task BelowGoneAsync(CheckRun run)
    {
        using var attempt = await run.OpenAsync();
        run.Step(
            "a batch, and then the connection to the hop below is broken",
            "a failure of the call that is tried again",
            ContractText.Status);
        await attempt.Above.SendAsync(attempt.Traffic.Events(3), run.Cancellation);
        attempt.Below.Break();
        TriedAgain(run, await attempt.FailureAsync());
    }

    /// <summary>So does one that is not there.</summary>
    public static async Task BelowUnreachableAsync(CheckRun run)
    {
        var open = Opening.Of(run);
        open.Route[0] = new Hop(open.Route[0]) { Address = $"http://127.0.0.1:{FreePort.Find()}" };
        open.Path[^1] = open.Route[0];
        run.Step(
            "OpenRun whose route leads to a port where nothing listens",
            "a failure of the call that is tried again",
            ContractText.Status);
        TriedAgain(run, await Refusal.OfAsync(run, new StageInput { OpenRun = open }));
    }

    private static void TriedAgain(CheckRun run, Grpc.Core.RpcException failure) =>
        run.Require(!Refusal.IsFinal(failure), CheckRun.Describe(failure));

    private static async Task EndsBelowAsync(CheckRun run, Attempt attempt, string sent, Action giveUp)
    {
        run.Step(sent, "the stage cancels its call to the hop below", ContractText.Cancelled);
        await attempt.Above.SendAsync(attempt.Traffic.Events(3), run.Cancellation);
        giveUp();
        await run.WithinAsync(attempt.Below.Cancelled);
    }
}
