using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Route;

namespace Pipeline.Tests.Stages.Core.Route;

public sealed class HopAboveTests
{
    private readonly HopAbove _above = new([BatchKinds.Events, BatchKinds.WorkItems]);

    [Fact]
    public void Check_EverythingAccountedFor_IsTaken()
    {
        _above.Check(new EventFrame { Count = 3, Filtered = 2, Rejects = { new Reject() } });
        _above.Check(Items(4));
        _above.Check(Checkpoint(1, lines: 12, blank: 2));
        _above.Check(new EventFrame { Filtered = 5 });
        _above.Check(Checkpoint(2, lines: 17, blank: 2));
        _above.Check(Message(new StageInput { EndOfInput = new EndOfInput() }));
        Assert.Equal(17, _above.Lines);
    }

    [Fact]
    public void Check_AfterResume_GoesOnFromThere()
    {
        _above.Resume(Committed(7, lines: 100, events: 90));
        _above.Check(new EventFrame { Count = 5 });
        _above.Check(Checkpoint(8, lines: 105));
    }

    [Fact]
    public void Check_BelowAggregate_CountsTheEventsInTheState()
    {
        _above.Resume(Committed(7, lines: 100, events: 90));
        _above.Check(Items(3));
        _above.Check(Message(new StageInput { Checkpoint = new Checkpoint { Id = 8, More = true, State = Opaque.Of(new CheckpointState()) } }));
        _above.Check(Message(new StageInput { Checkpoint = Committed(8, lines: 113, events: 100) }));
        var violation = Assert.Throws<StageException>(() => _above.Check(Message(new StageInput { Checkpoint = Committed(9, lines: 113, events: 99) })));
        Assert.StartsWith("checkpoint 9 behind 113 lines that are not blank, of which 112 have come", violation.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, StageInput> Wrong => new()
    {
        { "a batch of lines; this stage takes events and work_items", new StageInput { Lines = new LineBatch() } },
        { "EndOfInput without a checkpoint right before it; the last one was 1", new StageInput { EndOfInput = new EndOfInput() } },
        { "Control without a checkpoint right before it", new StageInput { Control = new Control { Action = ControlAction.Drain } } },
        { "a second OpenRun", new StageInput { OpenRun = new OpenRun() } },
        { "checkpoint 3 where 2 was to come", new StageInput { Checkpoint = At(3, 10) } },
        { "checkpoint 1 where 2 was to come", new StageInput { Checkpoint = At(1, 10) } },
        { "checkpoint 2 without a position", new StageInput { Checkpoint = new Checkpoint { Id = 2 } } },
        { "checkpoint 2 behind 11 lines that are not blank, of which 10 have come", new StageInput { Checkpoint = At(2, 11) } },
        { "checkpoint 2 behind 9 lines that are not blank, of which 10 have come", new StageInput { Checkpoint = At(2, 9) } },
        {
            "checkpoint 2 with a position that does not fit its checksum",
            new StageInput { Checkpoint = new Checkpoint { Id = 2, Position = Rounding.Of(Opaque.Of(Rounding.Large)) } }
        },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Check_AgainstTheContract_IsAViolation(string what, StageInput message)
    {
        _above.Check(new EventFrame { Count = 8 });
        _above.Check(Checkpoint(1, lines: 8));
        _above.Check(new EventFrame { Count = 2 });
        Frame frame = message.Lines is null ? Message(message) : new LineFrame(SharedBuffer.Rent(1), 0, 0);

        var violation = Assert.Throws<StageException>(() => _above.Check(frame));

        Assert.StartsWith(what, violation.Message, StringComparison.Ordinal);
        Assert.Equal((FailureReasons.ProtocolViolation, ""), (violation.Failure.Reason, violation.Failure.InstanceId));
    }

    [Fact]
    public void Check_ABatchBetweenPagesOfACheckpoint_IsAViolation()
    {
        _above.Check(Message(new StageInput { Checkpoint = new Checkpoint { Id = 1, More = true, State = Opaque.Of(new CheckpointState()) } }));
        Assert.StartsWith(
            "a batch of events between two pages of checkpoint 1",
            Assert.Throws<StageException>(() => _above.Check(new EventFrame())).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Check_MergeOfPartialResults_TakesAnEndWithoutACheckpoint()
    {
        var above = new HopAbove([BatchKinds.Events, BatchKinds.WorkItems], merges: true);
        above.Resume(null);
        above.Check(Message(new StageInput { Control = new Control { Action = ControlAction.Drain } }));
        above.Check(Message(new StageInput { EndOfInput = new EndOfInput() }));
    }

    [Fact]
    public void Check_MergeOfPartialResults_TakesNothingElse()
    {
        var above = new HopAbove([BatchKinds.Events, BatchKinds.WorkItems], merges: true);
        foreach (var frame in new Frame[] { new EventFrame(), Items(1), Checkpoint(1, lines: 0), Message(new StageInput { OpenRun = new OpenRun() }) })
            Assert.Contains("in a run that merges partial results", Assert.Throws<StageException>(() => above.Check(frame)).Message);
    }

    private static MessageFrame Message(StageInput input) => new(input);

    private static MessageFrame Items(int count) => Message(
        new StageInput { WorkItems = new WorkItemBatch { Items = { Enumerable.Range(0, count).Select(_ => new WorkItem()) } } });

    private static MessageFrame Checkpoint(long id, long lines, long blank = 0) => Message(new StageInput { Checkpoint = At(id, lines, blank) });

    private static Checkpoint At(long id, long lines, long blank = 0) =>
        new() { Id = id, Position = Opaque.Of(new Position { TotalLines = lines, BlankLines = blank }) };

    private static Checkpoint Committed(long id, long lines, long events) => new CheckpointPage
    {
        Id = id,
        Position = new Position { TotalLines = lines },
        Counts = new Counts { Events = events - 10, Filtered = 10 },
    }.ToCheckpoint();
}
