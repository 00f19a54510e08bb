using Grpc.Core;
using Pipeline.Client.Channels;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;

namespace Pipeline.Orchestrator.Attempts;

/// <summary>Why a call to the first stage failed: what its trailer says, or else what its status means.</summary>
internal static class CallFailure
{
    /// <summary>The failure behind <paramref name="error"/> of a call to <paramref name="first"/>.</summary>
    public static Failure Of(Exception error, Hop first)
    {
        var rpc = error as RpcException;
        if (rpc is not null && Failures.Carried(rpc) is { } carried)
            return carried;
        var (reason, retryable) = rpc?.StatusCode switch
        {
            StatusCode.Unauthenticated => (FailureReasons.Unauthenticated, false),
            StatusCode.Unimplemented => (FailureReasons.ProtocolViolation, false),
            StatusCode.InvalidArgument => (FailureReasons.InvalidOptions, false),
            StatusCode.Aborted => (FailureReasons.Fenced, true),
            StatusCode.ResourceExhausted => (FailureReasons.ProtocolViolation, true),
            _ => (FailureReasons.Unreachable, true),
        };
        var detail = rpc is null ? error.Message : PeerText.Describe(rpc.Status);
        return new Failure
        {
            Reason = reason,
            Message = $"the call to {first.InstanceId} at {first.Address} failed: {detail}",
            InstanceId = first.InstanceId,
            Role = first.Role,
            Retryable = retryable,
        };
    }
}
