using Grpc.Core;
using Grpc.Health.V1;
using Pipeline.Cli.CheckStage.Hops;
using Pipeline.Cli.CheckStage.Messages;
using Pipeline.Contracts.V1;

namespace Pipeline.Cli.CheckStage.Checks;

/// <summary>Who may call, and with what.</summary>
internal static class AccessChecks
{
    /// <summary>The health service answers in time.</summary>
    public static async Task HealthAsync(CheckRun run)
    {
        using var above = new HopAbove(run.Target);
        var health = new Health.HealthClient(above.Invoker);
        run.Step(
            "grpc.health.v1.Health/Check of service \"\"",
            $"an answer within {run.Limits.Health.TotalSeconds:0.#} s",
            ContractText.Health);
        // The first call connects, and compiles what it runs through: here, and in the stage.
        await run.WithinAsync(CheckAsync());
        // Whatever it says: a stage that waits for the broker is not serving, and can do its part.
        await run.WithinAsync(CheckAsync(), run.Limits.Health);

        Task<HealthCheckResponse> CheckAsync() =>
            health.CheckAsync(new HealthCheckRequest(), above.Headers, cancellationToken: run.Cancellation).ResponseAsync;
    }

    /// <summary>Calls without the key are refused.</summary>
    public static async Task KeyAsync(CheckRun run)
    {
        await RefusedAsync(run, "OpenRun without the header authorization", key: "");
        await RefusedAsync(run, "OpenRun with a wrong key", key: "not-the-key-of-this-pipeline");
    }

    /// <summary>A call that does not begin with OpenRun fails.</summary>
    public static async Task FirstMessageAsync(CheckRun run)
    {
        run.Step("EndOfInput as the first message of a call", "a failure, and no call to the hop below", ContractText.FirstMessage);
        await Refusal.OfAsync(run, new StageInput { EndOfInput = new EndOfInput() });
    }

    private static async Task RefusedAsync(CheckRun run, string sent, string key)
    {
        run.Step(sent, "the call fails with UNAUTHENTICATED, and the hop below is not called", ContractText.Key);
        var refusal = await Refusal.OfAsync(run, new StageInput { OpenRun = Opening.Of(run) }, key: key);
        run.Require(refusal.StatusCode == StatusCode.Unauthenticated, CheckRun.Describe(refusal));
    }
}
