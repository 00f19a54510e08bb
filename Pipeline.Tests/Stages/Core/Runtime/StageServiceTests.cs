using Grpc.Core;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Client.Channels;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Runtime;

namespace Pipeline.Tests.Stages.Core.Runtime;

/// <summary>Stages over real gRPC, called by the generated client, as a program in another language would call them.</summary>
public sealed class StageServiceTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(20_000)]
    public async Task Process_ThreeStages_DeliversEveryLineOnceAndInOrder(int count)
    {
        var lines = new List<string>();
        await using var chain = await Chain.StartAsync(_ => new FakeSource(count), _ => new FakeTransform(), context => new FakeSink(context, lines));
        using var call = chain.Open();

        var answers = await call.ReadAllAsync();

        Assert.Equal(["value", "fake"], answers[0].RunOpened.Columns);
        Assert.Equal(Enumerable.Range(0, count).Select(i => $"line {i}\n"), lines);
        Assert.Equal(1, Assert.Single(answers, answer => answer.CheckpointCommitted is not null).CheckpointCommitted.Id);
        var completed = answers[^1].RunCompleted;
        Assert.Equal(count, completed.Counts.Lines);
        Assert.Equal(["source", "middle", "sink"], completed.Stages.Select(stage => stage.Role));
        Assert.All(completed.Stages, stage => Assert.Equal(count, stage.ItemsIn));
        Assert.Equal(completed.Stages[0].BytesOut, completed.Stages[1].BytesIn);
        Assert.True(completed.Stages[1].BytesOut > 0 || count == 0);
        // Nothing comes to a source but Control: that it waits for that is no waiting for input.
        Assert.Equal(0, completed.Stages[0].WaitingToReceiveMicros);
        Assert.All(completed.Stages.Skip(1), stage => Assert.True(stage.WaitingToReceiveMicros > 0));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Process_MergeOfPartialResults_TakesEndOfInputAloneAndNoCheckpoint(bool sendsCheckpoint)
    {
        await using var sink = await StageServer.StartAsync("sink", context => new FakeSink(context, []));
        var open = new OpenRun { RunId = "run", Attempt = 1, Options = new RunOptions { Partials = { "/runs/1" } } };
        using var call = new Chain([sink]).Open(new StageInput { OpenRun = open });
        await call.Opened;
        await call.Call.RequestStream.WriteAsync(
            sendsCheckpoint
                ? new StageInput { Checkpoint = new CheckpointPage { Id = 1, Position = new Position() }.ToCheckpoint() }
                : new StageInput { EndOfInput = new EndOfInput() });
        await call.Call.RequestStream.CompleteAsync();

        if (sendsCheckpoint)
            Assert.Equal(FailureReasons.ProtocolViolation, (await call.FailureAsync()).ToFailure(sink.Hop).Reason);
        else
            Assert.NotNull((await call.ReadAllAsync())[^1].RunCompleted);
    }

    [Theory]
    [InlineData(20_000)]
    [InlineData(300_000)]
    public async Task Process_BatchesBelowAndAboveTheSlotSize_ArriveUnchanged(int padding)
    {
        var lines = new List<string>();
        await using var source = await StageServer.StartAsync("source", _ => new FakeSource(100, padding: padding), [BatchKinds.Lines]);
        await using var sink = await StageServer.StartAsync("sink", context => new FakeSink(context, lines));
        await using var chain = new Chain([source, sink]);
        using var call = chain.Open();

        var completed = (await call.ReadAllAsync())[^1].RunCompleted;

        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"line {i}{new string(' ', padding)}\n"), lines);
        Assert.InRange(completed.Stages[0].BytesOut, 100 * padding, 101 * (padding + 20));
        Assert.Equal(completed.Stages[0].BytesOut, completed.Stages[1].BytesIn);
    }

    [Fact]
    public async Task Process_FrameAnnouncesMore_OutputWaitsForTheNextFrame()
    {
        var go = new TaskCompletionSource();
        var lines = new List<string>();
        await using var chain = await Chain.StartAsync(
            _ => new FakeSource(2, (i, _) => i == 1 ? go.Task : Task.CompletedTask, more: true),
            _ => new FakeTransform(),
            context => new FakeSink(context, lines));
        using var call = chain.Open();
        // Wait for two reports of the sink after the middle has reported the frame: the first may have been sent before.
        for (var (middle, sink) = (0L, 0); sink < 2; sink += middle == 1 ? 1 : 0)
        {
            StageMetrics? metrics;
            do
            {
                Assert.True(await call.Call.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Waiting.Limit));
                metrics = call.Call.ResponseStream.Current.Progress?.Metrics;
                middle = metrics?.Role == "middle" ? metrics.ItemsIn : middle;
            }
            while (metrics?.Role != "sink");
            Assert.Equal(0, metrics.ItemsIn);
        }

        go.SetResult();
        Assert.NotNull((await call.ReadAllAsync())[^1].RunCompleted);
        Assert.Equal(["line 0\n", "line 1\n"], lines);
    }

    [Fact]
    public async Task Process_CheckpointBetweenFramesAnnouncingMore_PassesAtOnce()
    {
        var committed = new TaskCompletionSource();
        var source = new FakeSource(
            3, (i, _) => i == 2 ? committed.Task.WaitAsync(Waiting.Limit, CancellationToken.None) : Task.CompletedTask, more: true, checkpointAfter: 0);
        await using var chain = await Chain.StartAsync(
            _ => source,
            _ => new FakeTransform(),
            context => new FakeSink(context, []));
        using var call = chain.Open();

        while (await call.Call.ResponseStream.MoveNext(CancellationToken.None))
        {
            if (call.Call.ResponseStream.Current.CheckpointCommitted is { Id: 1 })
                committed.SetResult();
        }

        Assert.True(committed.Task.IsCompletedSuccessfully);
        Assert.Equal([1, 2], source.CommittedCheckpoints);
    }

    [Fact]
    public async Task Process_Drain_StopsTheSourceAtACheckpoint()
    {
        var lines = new List<string>();
        var reached = new TaskCompletionSource();
        await using var chain = await Chain.StartAsync(
            _ => new FakeSource(100, (i, drain) => i == 10 ? UntilDrained(drain) : Task.CompletedTask),
            _ => new FakeTransform(),
            context => new FakeSink(context, lines));
        using var call = chain.Open();
        await reached.Task.WaitAsync(Waiting.Limit);

        await call.Call.RequestStream.WriteAsync(new StageInput { Control = new Control { Action = ControlAction.Drain } });
        var answers = await call.ReadAllAsync();

        Assert.True(answers[^1].RunCompleted.Drained);
        Assert.Equal(11, lines.Count);

        async Task UntilDrained(CancellationToken drain)
        {
            var drained = new TaskCompletionSource();
            using var registration = drain.Register(() => drained.SetResult());
            reached.SetResult();
            await drained.Task;
        }
    }

    [Fact]
    public async Task Process_StageBelowFails_ReportsItsReasonAndInstance()
    {
        await using var chain = await Chain.StartAsync(
            _ => new FakeSource(1000),
            _ => new FakeTransform(),
            _ => new Last(new FakeTransform(_ => throw new StageException(FailureReasons.DiskFull, "No space left for the results."))));
        using var call = chain.Open();

        var failure = (await call.FailureAsync()).ToFailure(new Hop());

        Assert.Equal((FailureReasons.DiskFull, "sink-test", "sink", false), (failure.Reason, failure.InstanceId, failure.Role, failure.Retryable));
    }

    [Theory]
    [InlineData('x')]
    [InlineData('\u20AC')]
    public async Task Process_FailureWithLongMessage_KeepsItsReason(char character)
    {
        await using var chain = await Chain.StartAsync(
            _ => new FakeSource(1000),
            _ => new FakeTransform(),
            _ => new Last(new FakeTransform(_ => throw new StageException(FailureReasons.InvalidRules, new string(character, 300_000)))));
        using var call = chain.Open();

        var failure = (await call.FailureAsync()).ToFailure(new Hop());

        Assert.Equal((FailureReasons.InvalidRules, false), (failure.Reason, failure.Retryable));
        Assert.StartsWith(new string(character, 10_000), failure.Message, StringComparison.Ordinal);
    }

    // Together the pages take longer than a hop waits for one.
    [Fact]
    public async Task OpenRun_PagesOfStateComeSlowly_StagesAboveAreToldOfEach()
    {
        var time = new FakeTimeProvider();
        using var told = new SemaphoreSlim(0);
        await using var source = await StageServer.StartAsync("source", _ => new FakeSource(1), time: time);
        await using var middle = await StageServer.StartAsync("middle", _ => new FakeTransform { TakesState = true }, time: time);
        await using var sink = await StageServer.StartAsync("sink", context => new FakeSink(context, []) { StoredPages = Pages() }, time: time);
        using var call = new Chain([source, middle, sink]).Open();

        for (var page = 0; page < 4; page++)
        {
            Assert.True(await call.Call.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Waiting.Limit));
            Assert.Equal(new RunOpened { More = true }, call.Call.ResponseStream.Current.RunOpened);
            told.Release();
        }

        Assert.NotNull((await call.ReadAllAsync())[^1].RunCompleted);

        IEnumerable<Checkpoint> Pages()
        {
            for (var page = 0; page < 4; page++)
            {
                time.Advance(new StageOptions().HandshakeTimeout * 0.6);
                yield return new Checkpoint { Id = 1, More = true };
                told.Wait(Waiting.Limit);
            }
        }
    }

    // As a bridge whose program starts slowly: together longer than a hop waits.
    [Fact]
    public async Task OpenRun_StageOpensSlowly_StagesAboveAreToldAndWait()
    {
        var (above, own) = (new FakeTimeProvider(), new WatchedTime());
        var (reached, opening) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var source = await StageServer.StartAsync("source", _ => new FakeSource(1), time: above);
        await using var middle = await StageServer.StartAsync("middle", _ => new FakeTransform { Opening = OpenAsync }, time: own);
        await using var sink = await StageServer.StartAsync("sink", context => new FakeSink(context, []));
        using var call = new Chain([source, middle, sink]).Open();
        await reached.Task.WaitAsync(Waiting.Limit);

        for (var told = 0; told < 4; told++)
        {
            await own.LetPassAsync(TimeSpan.FromSeconds(1));
            Assert.True(await call.Call.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Waiting.Limit));
            Assert.Equal(new RunOpened { More = true }, call.Call.ResponseStream.Current.RunOpened);
            above.Advance(new StageOptions().HandshakeTimeout * 0.6);
        }

        opening.SetResult();
        Assert.NotNull((await call.ReadAllAsync())[^1].RunCompleted);

        Task OpenAsync(CancellationToken cancellationToken)
        {
            reached.SetResult();
            return opening.Task.WaitAsync(cancellationToken);
        }
    }

    [Fact]
    public async Task OpenRun_HopUnreachable_FailsRetryableAndNamesTheHop()
    {
        await using var chain = await Chain.StartAsync(_ => new FakeSource(1), _ => new FakeTransform(), context => new FakeSink(context, []));
        await chain.Servers[2].DisposeAsync();
        using var call = chain.Open();

        var failure = (await call.FailureAsync()).ToFailure(new Hop());

        Assert.Equal((FailureReasons.Unreachable, "sink-test", true), (failure.Reason, failure.InstanceId, failure.Retryable));
    }

    [Fact]
    public async Task Process_HopDiesDuringTheAttempt_FailsRetryable()
    {
        var sink = new Stuck();
        await using var chain = await Chain.StartAsync(_ => new FakeSource(1_000_000), _ => new FakeTransform(), _ => sink);
        using var call = chain.Open();
        await sink.Reached.WaitAsync(Waiting.Limit);

        await chain.Servers[2].DisposeAsync();

        var failure = (await call.FailureAsync()).ToFailure(new Hop());
        Assert.True(failure.Retryable, failure.ToString());
    }

    [Fact]
    public async Task Process_CallerLeaves_EndsTheStagesBelow()
    {
        await using var chain = await LeftAsync(1_000_000);
    }

    [Fact]
    public async Task Process_AttemptFails_ReportsDiscardedFramesBeforeTheFailure()
    {
        await using var chain = await Chain.StartAsync(
            _ => new FakeSource(1_000_000),
            _ => new FakeTransform(),
            _ => new Last(new FakeTransform(_ => throw new StageException(FailureReasons.DiskFull, "No space left for the results."))));
        using var call = chain.Open();
        var told = new Dictionary<string, StageMetrics>();

        await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await call.Call.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Waiting.Limit))
            {
                if (call.Call.ResponseStream.Current.Progress?.Metrics is { } metrics)
                    told[metrics.Role] = metrics;
            }
        });

        Assert.Equal(["middle", "sink", "source"], told.Keys.Order());
        Assert.True(told["sink"].FramesDiscarded > 0, "the frame that the sink refused came to nothing");
        Assert.All(told.Values, metrics => Assert.True(metrics.ItemsIn > 0));
    }

    [Fact]
    public async Task Process_CallerLeftBefore_NextAttemptReportsWhatWasDiscarded()
    {
        await using var chain = await LeftAsync(1_000);
        using var next = chain.Open(attempt: 2);
        StageMetrics? first = null;
        while (first is null)
        {
            Assert.True(await next.Call.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Waiting.Limit));
            var answer = next.Call.ResponseStream.Current;
            // The sink had taken at least one line; how many more the middle and the source had taken does not matter here.
            Assert.True(answer.RunOpened is null || answer.RunOpened.LinesTaken >= 1, "nobody remembers the lines of the first attempt");
            first = answer.Progress?.Metrics is { Role: "sink" } metrics ? metrics : null;
        }

        Assert.True(first.FramesDiscarded > 0, "nobody remembers what the first attempt dropped");
    }

    [Fact]
    public async Task OpenRun_NewSourceProcess_LearnsFromBelowHowManyLinesWereTaken()
    {
        var stuck = new Stuck();
        await using var middle = await StageServer.StartAsync("middle", _ => new FakeTransform());
        await using var sink = await StageServer.StartAsync("sink", _ => stuck);
        var source = await StageServer.StartAsync("source", _ => new FakeSource(40));
        using (new Chain([source, middle, sink]).Open())
        {
            await stuck.Reached.WaitAsync(Waiting.Limit);
        }

        await source.DisposeAsync();
        await stuck.Ended.WaitAsync(Waiting.Limit);
        await using var another = await StageServer.StartAsync(
            "source", _ => new FakeSource(100, (_, _) => Task.Delay(Timeout.Infinite, CancellationToken.None)));
        using var next = new Chain([another, middle, sink]).Open(attempt: 2);
        Assert.True(await next.Call.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Waiting.Limit));

        Assert.InRange(next.Call.ResponseStream.Current.RunOpened.LinesTaken, 1, 40);
    }

    [Fact]
    public async Task Process_AttemptBreaksOff_WaitsForTheSourceBeforeDisposal()
    {
        var source = new SlowToEnd();
        await using var chain = await Chain.StartAsync(_ => source, _ => new FakeTransform(), context => new FakeSink(context, []));
        using var call = chain.Open();
        await source.Reading.Task.WaitAsync(Waiting.Limit);

        await call.Call.RequestStream.WriteAsync(new StageInput { EndOfInput = new EndOfInput() });

        Assert.Equal(StatusCode.InvalidArgument, (await call.FailureAsync()).StatusCode);
        Assert.True(await source.EndedBeforeDisposal.Task.WaitAsync(Waiting.Limit));
    }

    [Fact]
    public async Task Process_FirstMessageIsNotOpenRun_IsRefused()
    {
        await using var chain = await Chain.StartAsync(_ => new FakeSource(1), _ => new FakeTransform(), context => new FakeSink(context, []));
        using var call = chain.Open(new StageInput { EndOfInput = new EndOfInput() });
        var exception = await call.FailureAsync();
        Assert.Equal(StatusCode.InvalidArgument, exception.StatusCode);
        Assert.Contains("OpenRun", exception.Status.Detail);
    }

    [Fact]
    public async Task Process_StageThrowsUnexpectedException_FailsAsInternal()
    {
        await using var chain = await Chain.StartAsync(
            _ => new FakeSource(10), _ => new FakeTransform(_ => throw new FormatException("odd")), context => new FakeSink(context, []));
        using var call = chain.Open();
        var failure = (await call.FailureAsync()).ToFailure(new Hop());
        Assert.Equal((FailureReasons.Internal, "middle-test", true), (failure.Reason, failure.InstanceId, failure.Retryable));
        Assert.Contains("FormatException: odd", failure.Message);
    }

    [Fact]
    public async Task Process_RunUnderWay_ReportsProgressOfEveryStage()
    {
        var go = new TaskCompletionSource();
        await using var chain = await Chain.StartAsync(
            _ => new FakeSource(2, (i, _) => i == 1 ? go.Task : Task.CompletedTask), _ => new FakeTransform(), context => new FakeSink(context, []));
        using var call = chain.Open();
        var roles = new HashSet<string>();
        while (roles.Count < 3)
        {
            Assert.True(await call.Call.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Waiting.Limit));
            if (call.Call.ResponseStream.Current.Progress is { Metrics: { } metrics } && metrics.ItemsIn == 1)
                roles.Add(metrics.Role);
        }

        go.SetResult();
        Assert.NotNull((await call.ReadAllAsync())[^1].RunCompleted);
    }

    /// <summary>A chain whose caller has left during the attempt, and whose last stage has ended.</summary>
    private static async Task<Chain> LeftAsync(int frames)
    {
        var sink = new Stuck();
        var chain = await Chain.StartAsync(_ => new FakeSource(frames), _ => new FakeTransform(), _ => sink);
        using (chain.Open())
        {
            await sink.Reached.WaitAsync(Waiting.Limit);
        }

        await sink.Ended.WaitAsync(Waiting.Limit);
        return chain;
    }

    /// <summary>Reads until it is cancelled, and is slow to return then.</summary>
    private sealed class SlowToEnd : ISource
    {
        private bool _ended;

        public TaskCompletionSource Reading { get; } = new();

        public TaskCompletionSource<bool> EndedBeforeDisposal { get; } = new();

        public ValueTask<RunOpened> OpenAsync(OpenRun open, RunOpened? below, CancellationToken cancellationToken) => ValueTask.FromResult(below!);

        public async ValueTask ReadAsync(IFrameOutput output, CancellationToken drain, CancellationToken cancellationToken)
        {
            Reading.SetResult();
            var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var registration = cancellationToken.Register(told.SetResult);
            await told.Task;
            // The attempt must not be disposed before this method returns; if it is not, the delay runs to its end.
            await Task.WhenAny(EndedBeforeDisposal.Task, Task.Delay(TimeSpan.FromMilliseconds(300), CancellationToken.None));
            _ended = true;
        }

        public void Committed(long checkpoint)
        {
        }

        public ValueTask DisposeAsync()
        {
            EndedBeforeDisposal.TrySetResult(_ended);
            return ValueTask.CompletedTask;
        }
    }

    /// <summary>A transform as the last stage: it opens the run itself and sends nothing on.</summary>
    private sealed class Last(FakeTransform inner) : ITransform
    {
        public ValueTask<RunOpened> OpenAsync(OpenRun open, RunOpened? below, CancellationToken cancellationToken) => ValueTask.FromResult(new RunOpened());

        public ValueTask ProcessAsync(Pipeline.Stages.Core.Batching.Frame frame, IFrameOutput output, CancellationToken cancellationToken) =>
            inner.ProcessAsync(frame, output, cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }

    /// <summary>A last stage that does not get done with its first frame.</summary>
    private sealed class Stuck : ITransform
    {
        private readonly TaskCompletionSource _reached = new();
        private readonly TaskCompletionSource _ended = new();

        public Task Reached => _reached.Task;

        public Task Ended => _ended.Task;

        public ValueTask<RunOpened> OpenAsync(OpenRun open, RunOpened? below, CancellationToken cancellationToken) => ValueTask.FromResult(new RunOpened());

        public async ValueTask ProcessAsync(Pipeline.Stages.Core.Batching.Frame frame, IFrameOutput output, CancellationToken cancellationToken)
        {
            _reached.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }

        public ValueTask DisposeAsync()
        {
            _ended.TrySetResult();
            return ValueTask.CompletedTask;
        }
    }
}
