using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Route;

namespace Pipeline.Tests.Stages.Core.Route;

public sealed class RunOpenedPagesTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100_000)]
    public async Task Pages_join_to_what_they_were_cut_from(int groups)
    {
        var whole = new RunOpened
        {
            Columns = { "type", "value" },
            LinesTaken = 12,
            Resume = new Checkpoint { Id = 7, Position = new Position { Line = 9 }, Counts = new Counts { Events = 3 } },
        };
        whole.Resume.Groups.AddRange(Enumerable.Range(0, groups).Select(i => new Group { Count = i + 1, Key = { new Scalar { Text = $"user {i}" } } }));
        var pages = RunOpenedPages.Split(whole.Clone()).ToList();
        Assert.All(pages, page => Assert.True(page.CalculateSize() < 2_000_000));
        Assert.Equal(groups > 1000, pages.Count > 1);
        Assert.Equal(whole, await JoinAsync(pages));
    }

    [Fact]
    public async Task A_run_without_checkpoint_is_one_page()
    {
        var whole = new RunOpened { Columns = { "type" } };
        Assert.Equal(whole, await JoinAsync(RunOpenedPages.Split(whole)));
    }

    [Fact]
    public async Task Anything_else_than_a_page_is_a_protocol_violation()
    {
        var exception = await Assert.ThrowsAsync<StageException>(
            () => RunOpenedPages.JoinAsync(() => ValueTask.FromResult<StageOutput?>(new StageOutput { Progress = new Progress() })));
        Assert.Equal(FailureReasons.ProtocolViolation, exception.Failure.Reason);
    }

    private static Task<RunOpened> JoinAsync(IEnumerable<RunOpened> pages)
    {
        var next = new Queue<RunOpened>(pages);
        return RunOpenedPages.JoinAsync(() => ValueTask.FromResult<StageOutput?>(new StageOutput { RunOpened = next.Dequeue() }));
    }
}
