using Grpc.Core;
using Microsoft.AspNetCore.Connections.Features;
using Pipeline.Contracts.V1;

namespace Pipeline.Cli.CheckStage.Hops;

/// <summary>A call of the stage to the hop below.</summary>
internal sealed class CallBelow
{
    private readonly IAsyncStreamReader<StageInput> _requests;
    private readonly IServerStreamWriter<StageOutput> _responses;
    private readonly IConnectionLifetimeFeature? _connection;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _disconnected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isBroken;

    public CallBelow(
        OpenRun open, IAsyncStreamReader<StageInput> requests, IServerStreamWriter<StageOutput> responses, ServerCallContext context)
    {
        (Open, _requests, _responses) = (open, requests, responses);
        Headers = context.RequestHeaders;
        ConnectionId = context.GetHttpContext().Connection.Id;
        _connection = context.GetHttpContext().Features.Get<IConnectionLifetimeFeature>();
        _connection?.ConnectionClosed.Register(_disconnected.SetResult);
        context.CancellationToken.Register(() =>
        {
            _cancelled.TrySetResult();
            // A call that ends might still send its status over a connection that is only about to break.
            if (!_isBroken)
                _ended.TrySetResult();
        });
    }

    /// <summary>As the stage handed it on.</summary>
    public OpenRun Open { get; }

    /// <summary>Of the call.</summary>
    public Metadata Headers { get; }

    /// <summary>Of the connection that it came over.</summary>
    public string ConnectionId { get; }

    /// <summary>Completes when that connection is closed.</summary>
    public Task Disconnected => _disconnected.Task;

    /// <summary>Completes when this side ends the call, or the stage has given it up.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Completes when the stage cancels the call, or its connection breaks.</summary>
    public Task Cancelled => _cancelled.Task;

    /// <summary>The next message; null: the stage has half-closed.</summary>
    /// <exception cref="LostException">It has cancelled the call.</exception>
    public async Task<StageInput?> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _requests.MoveNext(cancellationToken) ? _requests.Current : null;
        }
        catch (Exception exception) when (exception is IOException or InvalidOperationException or OperationCanceledException
            && !cancellationToken.IsCancellationRequested)
        {
            throw new LostException("the stage gave up its call to the hop below");
        }
    }

    /// <summary>Sends an answer up.</summary>
    /// <exception cref="LostException">The stage has cancelled the call.</exception>
    public async Task WriteAsync(StageOutput answer)
    {
        try
        {
            await _responses.WriteAsync(answer);
        }
        catch (Exception exception) when (exception is IOException or InvalidOperationException or OperationCanceledException)
        {
            throw new LostException("the stage gave up its call to the hop below");
        }
    }

    /// <summary>Ends the call with OK.</summary>
    public void Complete() => _ended.TrySetResult();

    /// <summary>Ends the call with a status.</summary>
    public void Fail(RpcException failure) => _ended.TrySetException(failure);

    /// <summary>Breaks the connection, as a process does that is killed.</summary>
    public void Break()
    {
        _isBroken = true;
        (_connection ?? throw new InvalidOperationException("The server does not tell of its connections.")).Abort();
    }
}
