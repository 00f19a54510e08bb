using System.Threading.Channels;
using Grpc.Core;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Core.Runtime;

/// <summary>Answers on their way up: from this stage and from those below, written by one writer. The last one is RunCompleted.</summary>
/// <param name="ownMetrics">This stage's figures, to stand in front of those from below in RunCompleted.</param>
internal sealed class AnswerQueue(Func<StageMetrics> ownMetrics) : IAnswerOutput
{
    /// <summary>Answers are few a second; a caller that leaves so many unread is not reading.</summary>
    private const int Capacity = 1024;

    private readonly Lock _lock = new();
    private readonly Channel<StageOutput> _answers =
        Channel.CreateBounded<StageOutput>(new BoundedChannelOptions(Capacity) { SingleReader = true });

    public void Answer(StageOutput answer)
    {
        if (answer.RunCompleted is { } completed)
            completed.Stages.Insert(0, ownMetrics());

        // Progress of another thread must not come between RunCompleted and the end behind it.
        lock (_lock)
        {
            if (!_answers.Writer.TryWrite(answer) && answer.Progress is null)
            {
                _answers.Writer.TryComplete(new StageException(
                    FailureReasons.ProtocolViolation, $"no acknowledgement of {Capacity} answers: it does not read them", retryable: true));
            }

            if (answer.RunCompleted is not null)
                _answers.Writer.TryComplete();
        }
    }

    /// <summary>Writes answers until RunCompleted is written.</summary>
    public async Task PumpAsync(IAsyncStreamWriter<StageOutput> up, CancellationToken cancellationToken)
    {
        await foreach (var answer in _answers.Reader.ReadAllAsync(cancellationToken))
        {
            // Without the token: a cancelled write would reset the call, and the caller would never hear why the attempt ended.
            await up.WriteAsync(answer, CancellationToken.None);
        }
    }

    /// <summary>Writes what is left when the attempt has failed, so that its last figures are not lost with it.</summary>
    public async Task WriteRestAsync(IAsyncStreamWriter<StageOutput> up)
    {
        while (_answers.Reader.TryRead(out var answer) && answer.RunCompleted is null)
            await up.WriteAsync(answer, CancellationToken.None);
    }
}
