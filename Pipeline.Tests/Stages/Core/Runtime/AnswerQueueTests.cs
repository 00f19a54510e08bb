using Grpc.Core;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Runtime;

namespace Pipeline.Tests.Stages.Core.Runtime;

public sealed class AnswerQueueTests
{
    [Fact]
    public async Task Answer_ProgressOfAnotherThreadBesideRunCompleted_RunCompletedIsTheLast()
    {
        for (var round = 0; round < 2000; round++)
        {
            var queue = new AnswerQueue(() => new StageMetrics());
            var up = new Answers();
            var pump = queue.PumpAsync(up, CancellationToken.None);
            using var together = new Barrier(2);
            var progress = Task.Run(() =>
            {
                together.SignalAndWait();
                for (var i = 0; i < 20; i++)
                    queue.Answer(new StageOutput { Progress = new Progress() });
            });
            together.SignalAndWait();
            queue.Answer(new StageOutput { RunCompleted = new RunCompleted() });
            await progress;
            await pump;

            Assert.NotNull(up.Written[^1].RunCompleted);
        }
    }

    private sealed class Answers : IServerStreamWriter<StageOutput>
    {
        public List<StageOutput> Written { get; } = [];

        public WriteOptions? WriteOptions { get; set; }

        public Task WriteAsync(StageOutput message)
        {
            Written.Add(message);
            return Task.CompletedTask;
        }
    }
}
