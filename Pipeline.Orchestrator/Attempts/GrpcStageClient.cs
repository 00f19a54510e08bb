using System.Diagnostics;
using System.Runtime.CompilerServices;
using Grpc.Core;
using Pipeline.Client.Channels;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.ServiceDefaults.Telemetry;

namespace Pipeline.Orchestrator.Attempts;

/// <summary>Opens attempts over gRPC, each on a connection of its own, so that one attempt's trouble is not another's.</summary>
internal sealed class GrpcStageClient(PipelineChannels channels) : IStageClient
{
    public IAttemptCall Open(Hop first, OpenRun open)
    {
        var channel = channels.Create(first.ParseAddress());
        var call = new Stage.StageClient(channel.Invoker).Process(TraceContext.HeadersOf(Activity.Current));
        return new Call(first, channel, call, open);
    }

    private sealed class Call(Hop first, PipelineChannel channel, AsyncDuplexStreamingCall<StageInput, StageOutput> call, OpenRun open) : IAttemptCall
    {
        // OpenRun is on its way before anything else; the stream takes one message after another.
        private readonly Task _opening = call.RequestStream.WriteAsync(new StageInput { OpenRun = open });

        public async Task EndAsync(StageInput last, CancellationToken cancellationToken)
        {
            try
            {
                await _opening.WaitAsync(cancellationToken);
                await call.RequestStream.WriteAsync(last, cancellationToken);
                await call.RequestStream.CompleteAsync();
            }
            catch (Exception error) when (error is RpcException or InvalidOperationException or IOException)
            {
                throw new StageException(error.ToFailure(first));
            }
        }

        public async IAsyncEnumerable<StageOutput> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            while (true)
            {
                try
                {
                    if (!await call.ResponseStream.MoveNext(cancellationToken))
                        yield break;
                }
                catch (RpcException error) when (error.StatusCode == StatusCode.Cancelled && cancellationToken.IsCancellationRequested)
                {
                    throw new OperationCanceledException(cancellationToken);
                }
                catch (Exception error) when (error is RpcException or IOException)
                {
                    throw new StageException(error.ToFailure(first), error);
                }

                yield return call.ResponseStream.Current;
            }
        }

        public async ValueTask DisposeAsync()
        {
            call.Dispose();
            channel.Dispose();
            await _opening.ContinueWith(static task => _ = task.Exception, TaskScheduler.Default);
        }
    }
}

/// <summary>Opens attempts on the first hop of a route.</summary>
internal interface IStageClient
{
    /// <summary>Calls the first hop and sends <paramref name="open"/>; never waits.</summary>
    /// <exception cref="StageException">The hop's address is not one.</exception>
    IAttemptCall Open(Hop first, OpenRun open);
}

/// <summary>An attempt under way. Disposing it breaks it off.</summary>
internal interface IAttemptCall : IAsyncDisposable
{
    /// <summary>Sends the last message: that the stage is to read no further, or that no more is to come.</summary>
    /// <exception cref="StageException">The call is over, and <see cref="ReadAsync"/> tells why; or the last message was sent before.</exception>
    Task EndAsync(StageInput last, CancellationToken cancellationToken);

    /// <summary>What comes up, to its end.</summary>
    /// <exception cref="StageException">The attempt failed.</exception>
    IAsyncEnumerable<StageOutput> ReadAsync(CancellationToken cancellationToken);
}
