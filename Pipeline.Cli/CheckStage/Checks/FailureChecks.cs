using Google.Protobuf;
using Grpc.Core;
using Pipeline.Cli.CheckStage.Hops;
using Pipeline.Cli.CheckStage.Messages;
using Pipeline.Client.Channels;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;

namespace Pipeline.Cli.CheckStage.Checks;

/// <summary>How a failure of the hop below goes up.</summary>
internal static class FailureChecks
{
    /// <summary>Status and failure are handed on unchanged.</summary>
    public static async Task CarriedAsync(CheckRun run)
    {
        await CarriedAsync(run, StatusCode.DataLoss, retryable: false, "in the place of RunOpened", FailOpeningAsync);
        await CarriedAsync(run, StatusCode.ResourceExhausted, retryable: true, "after the first batch", FailLaterAsync);
    }

    /// <summary>A status without a failure stays final, or not.</summary>
    public static async Task BareStatusAsync(CheckRun run)
    {
        await BareAsync(run, StatusCode.FailedPrecondition, isFinal: true);
        await BareAsync(run, StatusCode.Unavailable, isFinal: false);
    }

    private static async Task CarriedAsync(
        CheckRun run, StatusCode status, bool retryable, string when, Func<CheckRun, RpcException, Task<RpcException>> fail)
    {
        var failure = new Failure
        {
            Reason = "made_up_by_check_stage",
            Message = "The hop below fails on purpose.",
            InstanceId = "check-below",
            Role = run.Target.RoleBelow,
            Retryable = retryable,
        };
        run.Step($"{status} and the failure {failure} from the hop below {when}", "the same status and failure", ContractText.Failure);
        var trailers = new Metadata { { StageContract.FailureTrailer, failure.ToByteArray() } };
        var came = await fail(run, new RpcException(new Status(status, failure.Message), trailers));
        run.Require(came.StatusCode == status && failure.Equals(Failures.Carried(came)), CheckRun.Describe(came));
    }

    private static async Task BareAsync(CheckRun run, StatusCode status, bool isFinal)
    {
        run.Step(
            $"{status} from the hop below, without a failure in the trailers",
            isFinal
                ? "a status that is final, or a failure that is not retryable"
                : "a status that is tried again, or a failure that is retryable",
            ContractText.Status);
        var came = await FailLaterAsync(run, new RpcException(new Status(status, "made up by check-stage")));
        run.Require(Refusal.IsFinal(came) == isFinal, CheckRun.Describe(came));
    }

    private static Task<RpcException> FailOpeningAsync(CheckRun run, RpcException failure) => Refusal.OfAsync(
        run,
        new StageInput { OpenRun = Opening.Of(run) },
        call =>
        {
            call.Fail(failure);
            return Task.CompletedTask;
        });

    private static async Task<RpcException> FailLaterAsync(CheckRun run, RpcException failure)
    {
        using var attempt = await run.OpenAsync();
        await attempt.Above.SendAsync(attempt.Traffic.Events(3), run.Cancellation);
        attempt.Below.Fail(failure);
        return await attempt.FailureAsync();
    }
}
