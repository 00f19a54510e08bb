using System.Threading.Channels;
using Grpc.Core;
using Pipeline.Client.Channels;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;

namespace Pipeline.Stages.Bridge.Programs;

/// <summary>One attempt's call to the user's program: questions and answers, one for each, in order.</summary>
internal sealed class TransformCall : IAsyncDisposable
{
    private readonly UserProgram _program;
    private readonly ProgramProcess? _process;
    private readonly PipelineChannel _channel;
    private readonly AsyncDuplexStreamingCall<Question, byte[]> _call;
    private readonly Channel<Answer> _answers = Channel.CreateUnbounded<Answer>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _reading;
    private uint _asked;
    private uint _answered;

    private TransformCall(UserProgram program, ProgramProcess? process, PipelineChannel channel)
    {
        (_program, _process, _channel) = (program, process, channel);
        _call = channel.Invoker.AsyncDuplexStreamingCall(TransformMethod.Apply, null, new CallOptions(cancellationToken: _ending.Token));
        _reading = ReadAsync();
    }

    /// <summary>What the program does.</summary>
    public TransformOpened Opened { get; private set; } = new();

    /// <summary>Columns that it gets: those that the stages below want and it does not make, and those that it reads.</summary>
    public IReadOnlyList<string> Columns { get; private set; } = [];

    /// <summary>Whether the next answer is there.</summary>
    public bool HasAnswer => _answers.Reader.TryPeek(out _);

    /// <summary>Opens an attempt.</summary>
    /// <exception cref="StageException">The program cannot do it, or does not answer.</exception>
    public static async Task<TransformCall> OpenAsync(
        UserProgram program, ProgramProcess? process, PipelineChannel channel, OpenRun open, IReadOnlyList<string> columns,
        CancellationToken cancellationToken)
    {
        var call = new TransformCall(program, process, channel);
        try
        {
            var request = new TransformOpen { RunId = open.RunId, Attempt = open.Attempt, Options = open.Options, Columns = { columns } };
            await call.SendAsync(new Question(++call._asked, request, null), cancellationToken);
            call.Opened = (await call.NextAsync(cancellationToken)).Opened ?? throw call.Failed("answered the opening with a batch");
            call.Columns = [.. columns.Except(call.Opened.Sets).Union(call.Opened.Reads)];
            return call;
        }
        catch
        {
            await call.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Sends a batch. Its data is given back, but for the lines and offsets of events: these, figures and rejects stay. Of them the program gets no
    /// figures and rejects, and offsets only where they are among its columns.
    /// </summary>
    /// <exception cref="StageException">The call has failed, or the program takes nothing.</exception>
    public async ValueTask AskAsync(Frame frame, CancellationToken cancellationToken)
    {
        if (frame is not EventFrame events)
        {
            using (frame)
                await SendAsync(new Question(++_asked, null, frame), cancellationToken);
            return;
        }

        // Not disposed: what it has is the other's.
        var sent = new EventFrame { Count = events.Count, File = events.File };
        sent.Columns.AddRange(events.Columns.Where(column => column.Name != ColumnNames.Offset || Columns.Contains(ColumnNames.Offset)));
        await SendAsync(new Question(++_asked, null, sent), cancellationToken);
        foreach (var column in events.Columns.Where(column => column.Name is not (ColumnNames.Line or ColumnNames.Offset)))
            column.Dispose();
        events.Columns.RemoveAll(column => column.Name is not (ColumnNames.Line or ColumnNames.Offset));
    }

    /// <summary>The answer to the oldest question that has had none.</summary>
    /// <exception cref="StageException">The call has failed, or the program answers wrongly or not in time.</exception>
    public async ValueTask<Frame> AnswerAsync(CancellationToken cancellationToken) =>
        (await NextAsync(cancellationToken)).Frame ?? throw Failed("answered a batch without one");

    /// <summary>A failure of the program.</summary>
    public StageException Failed(string how) => _program.Failed(how);

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        while (_answers.Reader.TryRead(out var left))
            left.Frame?.Dispose();

        _call.Dispose();
        _channel.Dispose();
        _ending.Dispose();
    }

    private async ValueTask SendAsync(Question question, CancellationToken cancellationToken)
    {
        try
        {
            await _call.RequestStream.WriteAsync(question, cancellationToken).WaitAsync(_program.AnswerTimeout, _program.Time, cancellationToken);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && exception is not StageException)
        {
            // Where the call has ended, the end of the answers says why.
            await _reading.WaitAsync(UserProgram.ExitGrace, _program.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw await _program.FailedAsync(_reading.Exception?.InnerException ?? exception, _process);
        }
    }

    private async ValueTask<Answer> NextAsync(CancellationToken cancellationToken)
    {
        try
        {
            return _answers.Reader.TryRead(out var answer)
                ? answer
                : await _answers.Reader.ReadAsync(cancellationToken).AsTask().WaitAsync(_program.AnswerTimeout, _program.Time, cancellationToken);
        }
        catch (ChannelClosedException closed)
        {
            throw await _program.FailedAsync(closed.InnerException!, _process);
        }
        catch (TimeoutException exception)
        {
            throw await _program.FailedAsync(exception, _process);
        }
    }

    // Answers are taken as they come: a program whose answers wait takes no questions.
    private async Task ReadAsync()
    {
        try
        {
            while (await _call.ResponseStream.MoveNext(_ending.Token))
            {
                var answer = TransformMethod.Read(_call.ResponseStream.Current);
                if (_answered == Volatile.Read(ref _asked) || answer.Number != ++_answered)
                {
                    answer.Frame?.Dispose();
                    throw Failed($"answered request {answer.Number} where request {_answered} was due, of {_asked}");
                }

                _answers.Writer.TryWrite(answer);
            }

            throw Failed("ended the call before the input did");
        }
        catch (Exception exception)
        {
            _answers.Writer.TryComplete(exception);
            throw;
        }
    }
}
