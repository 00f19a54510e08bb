using Grpc.Core;
using Pipeline.Cli.CheckStage.Messages;
using Pipeline.Contracts.V1;

namespace Pipeline.Cli.CheckStage.Hops;

/// <summary>One attempt through the stage: the call from above, and the stage's own call below.</summary>
internal sealed class Attempt : IDisposable
{
    private readonly CheckRun _run;

    private Attempt(CheckRun run, HopAbove above, CallBelow below)
    {
        _run = run;
        Above = above;
        Below = below;
    }

    public HopAbove Above { get; }

    public CallBelow Below { get; }

    /// <summary>What the stage answered to OpenRun.</summary>
    public List<RunOpened> Pages { get; } = [];

    /// <summary>The last page of it.</summary>
    public RunOpened Opened => Pages[^1];

    /// <summary>Messages for it, with the columns that the stage asked for, from the checkpoint on that it resumes from.</summary>
    public Traffic Traffic => field ??= new Traffic(_run.Target, Opened.Columns, Opened.Resume);

    /// <summary>Opens the stage, and through it the hop below. An attempt that does not get so far is given up.</summary>
    public static async Task<Attempt> OpenAsync(
        CheckRun run, OpenRun open, IReadOnlyList<RunOpened> pages, Metadata headers, TimeSpan? pingDelay = null)
    {
        var above = new HopAbove(run.Target, pingDelay);
        try
        {
            return await run.WithinAsync(OpenAsync(run, above, open, pages, headers));
        }
        catch
        {
            above.Dispose();
            throw;
        }
    }

    /// <summary>Sends messages, then a checkpoint and EndOfInput.</summary>
    public Task<Passage> PassAsync(IEnumerable<StageInput> messages) =>
        PassAsync(async () =>
        {
            foreach (var message in messages)
                await Above.SendAsync(message, _run.Cancellation);
        });

    /// <summary>Sends, ends the input, and takes what comes at both ends, to the end of the attempt.</summary>
    /// <param name="send">Sends what comes before the last checkpoint.</param>
    /// <param name="last">Ends the input; null = EndOfInput.</param>
    /// <param name="heard">Hears each answer as it comes.</param>
    /// <param name="untilHalfClosed">RunCompleted is answered only when the stage has half-closed its call.</param>
    /// <exception cref="RpcException">The call did not end with OK.</exception>
    public async Task<Passage> PassAsync(
        Func<Task> send, StageInput? last = null, Action<StageOutput>? heard = null, bool untilHalfClosed = false)
    {
        var passage = new Passage();
        last ??= new StageInput { EndOfInput = new EndOfInput() };
        var ended = Above.EndAsync(
            answer =>
            {
                passage.Answers.Add(answer);
                heard?.Invoke(answer);
            },
            _run.Cancellation);
        var both = Task.WhenAll(new BelowScript(Below, passage, untilHalfClosed).TakeAsync(_run.Cancellation), SendAllAsync());
        await _run.WithinAsync(Task.WhenAny(ended, both));
        if (both.Exception?.InnerException is UnexpectedException and not LostException)
            await both;
        // What the call ended with tells more than what became of it at the other end.
        if (await _run.WithinAsync(ended) is { } failure)
            throw failure;
        await _run.WithinAsync(both);
        return passage;

        async Task SendAllAsync()
        {
            await send();
            await Above.SendAsync(Traffic.Checkpoint(), _run.Cancellation);
            await Above.SendAsync(last, _run.Cancellation);
            await Above.HalfCloseAsync();
        }
    }

    /// <summary>Sees that the attempt, which has ended, keeps no connection of its own to the hop below.</summary>
    /// <param name="how">It has ended.</param>
    public async Task RequireDisconnectedAsync(string how)
    {
        _run.Step(
            $"an attempt that {how}, and then another",
            "its connection to the hop below is closed, or the other one shares it",
            ContractText.Connections);
        using var next = await _run.OpenAsync();
        if (next.Below.ConnectionId != Below.ConnectionId)
            await _run.WithinAsync(Below.Disconnected);
    }

    /// <summary>What the call from above ends with, which must be a failure.</summary>
    public async Task<RpcException> FailureAsync() =>
        await _run.WithinAsync(Above.EndAsync(null, _run.Cancellation)) ?? throw new UnexpectedException("the call ended with OK");

    public void Dispose()
    {
        Above.Dispose();
        Below.Complete();
    }

    private static async Task<Attempt> OpenAsync(CheckRun run, HopAbove above, OpenRun open, IReadOnlyList<RunOpened> pages, Metadata headers)
    {
        var expected = run.Below.ExpectAsync(open.RunId);
        above.Begin(headers, run.Cancellation);
        await above.SendFirstAsync(new StageInput { OpenRun = open }, run.Cancellation);
        var answer = above.NextAsync(run.Cancellation);
        if (await Task.WhenAny(expected, answer) == answer)
        {
            var came = await answer is { } early ? Opening.Show(early) : "the end of the call with OK";
            throw new UnexpectedException($"{came}, before the stage had opened the hop below");
        }

        var attempt = new Attempt(run, above, await expected);
        foreach (var page in pages)
            await attempt.Below.WriteAsync(new StageOutput { RunOpened = page });
        while (true)
        {
            if (await answer is not { } output)
                throw new UnexpectedException("the call ended with OK in the place of RunOpened");
            // A page without a checkpoint only tells that the stage takes pages.
            if (output.RunOpened is { } answered && (answered.Resume is not null || !answered.More))
                attempt.Pages.Add(answered);
            else if (output.RunOpened is null && output.Progress is null)
                throw new UnexpectedException($"{output} in the place of RunOpened");
            if (output.RunOpened is { More: false })
                return attempt;
            answer = above.NextAsync(run.Cancellation);
        }
    }
}

/// <summary>What came of an attempt at its two ends.</summary>
internal sealed class Passage
{
    /// <summary>What came to the hop below, in order.</summary>
    public List<StageInput> Taken { get; } = [];

    /// <summary>What came to the hop above.</summary>
    public List<StageOutput> Answers { get; } = [];

    /// <summary>Whether the stage half-closed its call below.</summary>
    public bool HalfClosed { get; set; }
}
