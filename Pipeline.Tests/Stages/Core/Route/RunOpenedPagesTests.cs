using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Route;

namespace Pipeline.Tests.Stages.Core.Route;

public sealed class RunOpenedPagesTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Read_PagesOfState_RestoresEachAndReturnsTheAnswerWithoutGroups(int pages)
    {
        var answer = new RunOpened
        {
            Columns = { "type", "value" },
            LinesTaken = 12,
            Resume = new Checkpoint { Id = 7, Position = new Position { Line = 9 }, Counts = new Counts { Events = 3 } },
        };
        var stored = Enumerable.Range(1, pages).Select(page => new Checkpoint { Id = 7, Groups = { GroupOf(page), GroupOf(-page) } });
        var next = new Queue<RunOpened>(RunOpenedPages.Of(stored, answer.Clone()));
        List<Group> restored = [];

        var read = await RunOpenedPages.ReadAsync(() => ValueTask.FromResult<StageOutput?>(new StageOutput { RunOpened = next.Dequeue() }), restored.AddRange);

        Assert.Equal(answer, read);
        Assert.Equal(Enumerable.Range(1, pages).SelectMany(page => new[] { GroupOf(page), GroupOf(-page) }), restored);
    }

    [Fact]
    public async Task Read_StateInTheAnswer_RestoresIt()
    {
        var answer = new RunOpened { Resume = new Checkpoint { Id = 7, Groups = { GroupOf(1) } } };
        List<Group> restored = [];

        var read = await RunOpenedPages.ReadAsync(() => ValueTask.FromResult<StageOutput?>(new StageOutput { RunOpened = answer }), restored.AddRange);

        Assert.Equal([GroupOf(1)], restored);
        Assert.Equal(new Checkpoint { Id = 7 }, read.Resume);
    }

    [Fact]
    public async Task Read_AnotherAnswer_IsAProtocolViolation()
    {
        var exception = await Assert.ThrowsAsync<StageException>(
            () => RunOpenedPages.ReadAsync(() => ValueTask.FromResult<StageOutput?>(new StageOutput { Progress = new Progress() }), _ => { }));
        Assert.Equal(FailureReasons.ProtocolViolation, exception.Failure.Reason);
    }

    private static Group GroupOf(int count) => new() { Count = count, Key = { new Scalar { Text = $"user {count}" } } };
}
