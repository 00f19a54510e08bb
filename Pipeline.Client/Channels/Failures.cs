using Google.Protobuf;
using Grpc.Core;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.ServiceDefaults.Endpoints;

namespace Pipeline.Client.Channels;

/// <summary>Failures on the wire: a gRPC status for every client, and the contract's Failure in a trailer for those that read it.</summary>
public static class Failures
{
    /// <summary>A failure as the status of a call. A long message is cut: it travels in headers.</summary>
    /// <param name="failure">The failure.</param>
    /// <param name="status">The status that it came with; null = the one that its reason has.</param>
    public static RpcException ToRpcException(this Failure failure, StatusCode? status = null)
    {
        var carried = new Failure(failure) { Message = PeerText.Message(failure.Message) };
        return new RpcException(
            new Status(status ?? StatusOf(failure.Reason), PeerText.Detail(failure.Message)),
            new Metadata { { StageContract.FailureTrailer, carried.ToByteArray() } });
    }

    /// <summary>The failure of a call to a hop: as the hop reports it, or, where it could not, that it is unreachable.</summary>
    /// <param name="exception">What the call ended with.</param>
    /// <param name="hop">Whom it went to.</param>
    public static Failure ToFailure(this Exception exception, Hop hop) => exception switch
    {
        StageException stage => stage.Failure,
        RpcException rpc when Carried(rpc) is { } carried => carried,
        RpcException rpc => OfStatus(hop, rpc.Status),
        TimeoutException => Of(hop, FailureReasons.Unreachable, exception.Message, retryable: true),
        _ => Of(hop, FailureReasons.Unreachable, exception.GetBaseException().Message, retryable: true),
    };

    /// <summary>The hop's address.</summary>
    /// <exception cref="StageException">It is not one; another attempt does not help.</exception>
    public static Uri ParseAddress(this Hop hop) => LoopbackAddress.TryParse(hop.Address, out var address)
        ? new Uri(address)
        : throw new StageException(
            FailureReasons.ProtocolViolation,
            PeerText.Message($"the address of {hop.Role} ({hop.InstanceId}) in the route is '{hop.Address}': it {LoopbackAddress.Form}"));

    /// <summary>The failure that the trailer carries, its texts fit for display; null where there is none that can be read.</summary>
    public static Failure? Carried(RpcException exception)
    {
        try
        {
            if (exception.Trailers.GetValueBytes(StageContract.FailureTrailer) is not { } bytes
                || Failure.Parser.ParseFrom(bytes) is not { Reason.Length: > 0 } failure)
            {
                return null;
            }

            failure.Reason = PeerText.Name(failure.Reason);
            failure.Message = PeerText.Message(failure.Message);
            failure.InstanceId = PeerText.Name(failure.InstanceId);
            failure.Role = PeerText.Name(failure.Role);
            return failure;
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    // What a status without a failure means: from a stage in another language, or from what stands between.
    private static Failure OfStatus(Hop hop, Status status)
    {
        var (reason, retryable) = status.StatusCode switch
        {
            StatusCode.Unauthenticated => (FailureReasons.Unauthenticated, false),
            StatusCode.PermissionDenied => (FailureReasons.Unreachable, false),
            StatusCode.Unimplemented => (FailureReasons.ProtocolViolation, false),
            StatusCode.InvalidArgument or StatusCode.FailedPrecondition => (FailureReasons.InvalidOptions, false),
            StatusCode.Aborted => (FailureReasons.Fenced, true),
            StatusCode.ResourceExhausted => (FailureReasons.ProtocolViolation, true),
            _ => (FailureReasons.Unreachable, true),
        };
        return Of(hop, reason, PeerText.Describe(status), retryable);
    }

    private static Failure Of(Hop hop, string reason, string why, bool retryable) => new()
    {
        Reason = reason,
        Message = $"the call to {hop.Role} ({hop.InstanceId}, {hop.Address}) failed: {why}",
        InstanceId = hop.InstanceId,
        Role = hop.Role,
        Retryable = retryable,
    };

    private static StatusCode StatusOf(string reason) => reason switch
    {
        FailureReasons.InvalidOptions or FailureReasons.InvalidRules or FailureReasons.ProtocolViolation => StatusCode.InvalidArgument,
        FailureReasons.PathOutsideRoots => StatusCode.PermissionDenied,
        FailureReasons.InputUnreadable => StatusCode.NotFound,
        FailureReasons.InputChanged or FailureReasons.OutputUnwritable => StatusCode.FailedPrecondition,
        FailureReasons.InputCorrupt or FailureReasons.CheckpointCorrupt => StatusCode.DataLoss,
        FailureReasons.DiskFull => StatusCode.ResourceExhausted,
        FailureReasons.Fenced => StatusCode.Aborted,
        FailureReasons.Unreachable or FailureReasons.Stopping => StatusCode.Unavailable,
        _ => StatusCode.Internal,
    };
}
