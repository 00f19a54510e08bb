using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Orchestrator.Attempts;

namespace Pipeline.Tests.Orchestrator.Fakes;

/// <summary>Stages that tests play: each attempt that is opened can be awaited and then answered.</summary>
internal sealed class FakeStages : IStageClient
{
    private readonly Channel<FakeAttempt> _attempts = Channel.CreateUnbounded<FakeAttempt>();

    /// <summary>What opening ends with; null = it succeeds.</summary>
    public StageException? OpenFailure { get; set; }

    /// <summary>Runs at the moment at which the first stage is called.</summary>
    public Action? OnOpen { get; set; }

    public IAttemptCall Open(Hop first, OpenRun open)
    {
        OnOpen?.Invoke();
        if (OpenFailure is not null)
            throw OpenFailure;
        var attempt = new FakeAttempt(first, open);
        _attempts.Writer.TryWrite(attempt);
        return attempt;
    }

    /// <summary>The next attempt, once it is opened.</summary>
    public async Task<FakeAttempt> NextAsync(CancellationToken cancellationToken = default) =>
        await _attempts.Reader.ReadAsync(cancellationToken).AsTask().WaitAsync(Waiting.Limit, CancellationToken.None);

    /// <summary>True where no further attempt has been opened.</summary>
    public bool IsIdle => !_attempts.Reader.TryPeek(out _);
}

/// <summary>An attempt as the stages see it.</summary>
internal sealed class FakeAttempt(Hop first, OpenRun open) : IAttemptCall
{
    private readonly Channel<StageOutput> _answers = Channel.CreateUnbounded<StageOutput>();
    private readonly TaskCompletionSource _drain = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _inputEnd = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _taken = new(0);
    private readonly TaskCompletionSource _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Hop First => first;

    public OpenRun Open => open;

    /// <summary>Ends when the orchestrator has told that no input is to come, as it does to have partial results merged.</summary>
    public Task InputEnded => _inputEnd.Task.WaitAsync(Waiting.Limit);

    public Task DrainRequested => _drain.Task.WaitAsync(Waiting.Limit);

    public Task BrokenOff => _broken.Task.WaitAsync(Waiting.Limit);

    /// <summary>Ends at a checkpoint once it is told to.</summary>
    public async Task DrainsAsync()
    {
        await DrainRequested;
        Completes(drained: true);
    }

    public FakeAttempt Answers(StageOutput answer)
    {
        _answers.Writer.TryWrite(answer);
        return this;
    }

    public FakeAttempt Opens(CheckpointPage? resume = null) => Answers(new StageOutput { RunOpened = new RunOpened { Resume = resume?.ToCheckpoint() } });

    public FakeAttempt Commits(long id, long lines) => Answers(new StageOutput
    {
        CheckpointCommitted = new CheckpointCommitted { Id = id, Position = Opaque.Of(new Position { TotalLines = lines, TotalBytes = lines * 100 }) },
    });

    public FakeAttempt Reports(string instance, long replayed = 0, long discarded = 0, long itemsIn = 0) => Answers(new StageOutput
    {
        Progress = new Progress
        {
            Metrics = new StageMetrics
            {
                InstanceId = instance, Role = instance[..^2], BatchesReplayed = replayed, FramesDiscarded = discarded, ItemsIn = itemsIn,
            },
        },
    });

    public void Completes(bool drained = false, long lines = 10) => Answers(new StageOutput
    {
        RunCompleted = new RunCompleted
        {
            Drained = drained,
            Counts = new Counts { Lines = lines, Events = lines },
            Output = drained ? "" : open.Options.Output,
            ElapsedMicros = 1_000_000,
        },
    });

    public void Fails(string reason, bool retryable, string instance = "") => _answers.Writer.TryComplete(new StageException(
        new Failure { Reason = reason, Message = $"{reason} happened", InstanceId = instance, Retryable = retryable }));

    /// <summary>The call ends without a word.</summary>
    public void Ends() => _answers.Writer.TryComplete();

    public Task EndAsync(StageInput last, CancellationToken cancellationToken)
    {
        if (last.Control is null)
            _inputEnd.TrySetResult();
        else
            _drain.TrySetResult();
        return Task.CompletedTask;
    }

    /// <summary>Waits until one more answer has been taken and dealt with.</summary>
    public async Task TakenAsync() => Assert.True(await _taken.WaitAsync(Waiting.Limit));

    public async IAsyncEnumerable<StageOutput> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var answer in _answers.Reader.ReadAllAsync(cancellationToken))
        {
            yield return answer;
            _taken.Release();
        }
    }

    public ValueTask DisposeAsync()
    {
        _broken.TrySetResult();
        return ValueTask.CompletedTask;
    }
}
