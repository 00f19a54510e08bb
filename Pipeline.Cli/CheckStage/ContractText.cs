namespace Pipeline.Cli.CheckStage;

/// <summary>
/// The sentences of the contract that checks refer to, word for word as in pipeline/v1/*.proto; a test looks each of them up there.
/// </summary>
internal static class ContractText
{
    public const string Health =
        "It serves grpc.health.v1.Health, service \"\", without streams: the orchestrator asks before it gives up on an "
        + "instance, with a deadline of 1 s.";

    public const string Key = "Every call carries the header \"authorization: Bearer KEY\"; without it: UNAUTHENTICATED.";

    public const string Opening = "It answers when the hop below has, and gives it time for each page";

    public const string AtOnce = "A stage serves as many calls at once as attempts are open: those of several runs, and of the slices of one.";

    public const string Connections =
        "It makes a connection for each attempt, and closes it when that has ended, or has one for each address that all share: a "
        + "stage takes 64 in all.";

    public const string OpenRun =
        "A stage opens the first hop of `route` with a copy of OpenRun: without that hop in `route`, with its own `ring` or "
        + "none, all else as it came, `path` included.";

    public const string RingOffer =
        "An offer of the hop above to this one, not to be handed on. Whoever does not take it up gets everything in messages.";

    public const string RingAccepted = "True: the receiver has mapped the ring that OpenRun offered. From hop to hop, not handed on.";

    public const string RingSlots =
        "In the place of messages that stand in the next slot of the hop's ring: one after the other, each with the prefix that"
        + " it would have in the stream";

    public const string Trace =
        "A stage hands the headers \"traceparent\" and \"tracestate\" (W3C Trace Context) of its call on unchanged to the next "
        + "hop;";

    public const string RunOpened =
        "Of RunOpened it hands on `resume` and `skipped` as they came (Aggregate takes the pages of state), replaces `columns` "
        + "(adds those that it reads, removes those that it sets), answers `ring_accepted` for its own ring offer, and hands on "
        + "the greater `lines_taken`.";

    public const string Columns = "Event columns that the stages below want; others need not be sent.";

    public const string FirstMessage = "The first message of every call.";

    public const string Options =
        "A stage that cannot honour the run's options, such as rules in a language that it does not have, fails the call with "
        + "\"invalid_options\" or \"invalid_rules\"; it must not leave them out.";

    public const string Downwards =
        "Downwards, in this order: one OpenRun; then batches with Checkpoints between them; last EndOfInput, or Control to stop"
        + " early.";

    public const string Upwards =
        "Upwards: RunOpened (pages, the last with more = false); then CheckpointCommitted and Progress; last one RunCompleted.";

    public const string Checkpoint =
        "Handed on as they came, byte by byte, behind all that came before them; what a stage holds back for a larger batch "
        + "goes out first, and events that it dropped are told in `filtered` of a batch (with no events in it, where there are "
        + "none) before the checkpoint.";

    public const string File = "As in LineBatch: all events of a batch are of one file.";

    public const string Checksum = "CRC-32 of content as in zlib and gzip (polynomial 0xEDB88320).";

    public const string ColumnData = "count * width bytes. NUMBER: signed two's complement.";

    public const string AggregateState = "Aggregate adds its state and, where that is large, sends several pages of it;";

    public const string Conservation = "Every input line is counted once: lines = events + work_items + filtered + rejected + blank.";

    public const string HalfClose =
        "The caller half-closes after EndOfInput, or after Control; a stage reads on until it has seen either, hands it on, and"
        + " half-closes its own call below.";

    public const string Completed =
        "Sink answers RunCompleted; each stage puts its own figures in front, hands it on as its last message, and ends its "
        + "call with OK.";

    public const string GivenUp = "A stream that ends without them is an attempt that was given up: nothing of it may be counted.";

    public const string Cancelled = "A caller that gives up cancels; a stage then cancels its call below, and drops what it holds.";

    public const string Failure =
        "A call that fails carries a Failure in the trailer \"pipeline-failure-bin\"; a hop hands it and the status on "
        + "unchanged.";

    public const string Status =
        "Without it the status does: UNAUTHENTICATED, PERMISSION_DENIED, UNIMPLEMENTED, INVALID_ARGUMENT and "
        + "FAILED_PRECONDITION are final; ABORTED means that a later attempt has taken over; all others, UNAVAILABLE, INTERNAL "
        + "and RESOURCE_EXHAUSTED among them, are tried again.";

    public const string MessageSize = "A message is at most 16 MiB, and is not compressed.";

    public const string Windows =
        "It answers HTTP/2 pings (after 2 s of silence, within 5 s), and grants windows of 8 MiB a stream and 16 MiB a "
        + "connection.";
}
