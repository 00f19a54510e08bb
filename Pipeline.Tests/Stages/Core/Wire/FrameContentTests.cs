using Pipeline.Stages.Core.Wire;

namespace Pipeline.Tests.Stages.Core.Wire;

public sealed class FrameContentTests
{
    // A peer that answers and ends its call may be faster than the flush of the request that it answers.
    [Fact]
    public async Task Body_CallEndsBeforeTheFirstMessageIsFlushed_IsThereAllTheSame()
    {
        using var content = new FrameContent(new ByteArrayContent([1, 2, 3]));
        await using var stream = new EndedStream();

        await Assert.ThrowsAnyAsync<Exception>(() => content.CopyToAsync(stream));

        Assert.Same(stream, await content.Body.WaitAsync(Waiting.Limit));
    }

    private sealed class EndedStream : MemoryStream
    {
        public override Task FlushAsync(CancellationToken cancellationToken) => throw new IOException("The call has ended.");
    }
}
