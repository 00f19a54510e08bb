using Google.Protobuf;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Route;

namespace Pipeline.Tests.Stages.Core.Route;

public sealed class RunOpenedPagesTests
{
    private static readonly Hop Below = new() { Role = "sink", InstanceId = "sink-0" };

    private readonly List<Group> _restored = [];

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Read_PagesOfState_RestoresEachAndReturnsTheAnswer(int pages)
    {
        var answer = new RunOpened
        {
            Columns = { "type", "value" },
            LinesTaken = 12,
            Resume = new CheckpointPage { Id = 7, Position = new Position { Line = 9 }, Counts = new Counts { Events = 3 } }.ToCheckpoint(),
        };
        var stored = Enumerable.Range(1, pages).Select(page => new CheckpointPage { Id = 7, Groups = { GroupOf(page), GroupOf(-page) } }.ToCheckpoint());
        var next = new Queue<RunOpened>(RunOpenedPages.Of(stored, answer.Clone()));

        var read = await ReadAsync(() => new StageOutput { RunOpened = next.Dequeue() });

        Assert.Equal(answer, read);
        Assert.Equal(Enumerable.Range(1, pages).SelectMany(page => new[] { GroupOf(page), GroupOf(-page) }), _restored);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Read_PositionRoundedOnTheWay_NamesTheHopBelow(bool more)
    {
        var resume = new Checkpoint { Id = 7, Position = Rounding.Of(Opaque.Of(Rounding.Large)) };

        var error = await Assert.ThrowsAsync<StageException>(
            () => ReadAsync(() => new StageOutput { RunOpened = new RunOpened { Resume = resume, More = more } }));

        Assert.Equal(
            (FailureReasons.ProtocolViolation, "sink-0", "sink", false),
            (error.Failure.Reason, error.Failure.InstanceId, error.Failure.Role, error.Failure.Retryable));
    }

    [Fact]
    public async Task Read_StateThatCannotBeDecoded_NamesTheHopBelow()
    {
        var state = new Opaque { Content = ByteString.CopyFrom(0xFF), Crc32 = System.IO.Hashing.Crc32.HashToUInt32([0xFF]) };
        var page = new RunOpened { Resume = new Checkpoint { Id = 7, State = state }, More = true };

        var error = await Assert.ThrowsAsync<StageException>(() => ReadAsync(() => new StageOutput { RunOpened = page }));

        Assert.Equal((FailureReasons.ProtocolViolation, "sink-0", "sink"), (error.Failure.Reason, error.Failure.InstanceId, error.Failure.Role));
        Assert.StartsWith("sink (sink-0) sent a part of a checkpoint that cannot be decoded", error.Failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_AnotherAnswer_IsAProtocolViolation()
    {
        var exception = await Assert.ThrowsAsync<StageException>(() => ReadAsync(() => new StageOutput { Progress = new Progress() }));
        Assert.Equal(FailureReasons.ProtocolViolation, exception.Failure.Reason);
    }

    private Task<RunOpened> ReadAsync(Func<StageOutput> next) => RunOpenedPages.ReadAsync(() => ValueTask.FromResult<StageOutput?>(next()), Below, page =>
    {
        _restored.AddRange(page.Resume.OpenState()!.Groups);
        return ValueTask.CompletedTask;
    });

    private static Group GroupOf(int count) => new() { Count = count, Key = { new Scalar { Text = $"user {count}" } } };
}
