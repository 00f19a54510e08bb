using System.Collections.Concurrent;
using System.Net;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;

namespace Pipeline.Tests.Cli.CheckStage;

/// <summary>
/// The least stage that keeps the contract, on generated gRPC code alone, as another language has it: it hands everything on. With a fault
/// it does not keep it.
/// </summary>
internal sealed class PassThroughStage : IAsyncDisposable
{
    private readonly WebApplication _app;

    private PassThroughStage(Fault fault)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        });
        var largest = fault == Fault.RefusesLargeMessages ? 4 << 20 : StageContract.MaxMessageBytes;
        builder.Services.AddGrpc(grpc => grpc.MaxReceiveMessageSize = largest);
        builder.Services.AddGrpcHealthChecks().AddCheck("self", () => HealthCheckResult.Healthy());
        builder.Services.AddSingleton(new FaultOf(fault));
        _app = builder.Build();
        _app.MapGrpcService<Service>();
        if (fault != Fault.NoHealth)
            _app.MapGrpcHealthChecksService();
    }

    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    public static async Task<PassThroughStage> StartAsync(Fault fault)
    {
        var stage = new PassThroughStage(fault);
        await stage._app.StartAsync();
        return stage;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    internal sealed record FaultOf(Fault Value)
    {
        /// <summary>Calls that nobody needs, and that are not cancelled: without a reference their finalizers would do so.</summary>
        public ConcurrentQueue<object> Kept { get; } = [];

        /// <summary>Held by the one run that is served.</summary>
        public SemaphoreSlim Turn { get; } = new(1);
    }

    internal sealed class Service(FaultOf fault) : Stage.StageBase
    {
        public override async Task Process(
            IAsyncStreamReader<StageInput> requestStream, IServerStreamWriter<StageOutput> responseStream, ServerCallContext context)
        {
            if (!Has(Fault.AcceptsWithoutKey) && context.RequestHeaders.GetValue("authorization") != $"Bearer {Kit.Key}")
                throw new RpcException(new Status(StatusCode.Unauthenticated, "no key"));
            if (!await requestStream.MoveNext() || requestStream.Current.OpenRun is not { } open)
            {
                if (Has(Fault.EndsWithOkWithoutOpenRun))
                    return;
                throw new RpcException(new Status(StatusCode.InvalidArgument, "the first message is not OpenRun"));
            }

            if (Has(Fault.ServesOneRunAtATime))
                await fault.Turn.WaitAsync(context.CancellationToken);
            if (Has(Fault.NeverAnswersOpen))
                await Task.Delay(Timeout.Infinite, context.CancellationToken);
            var channel = GrpcChannel.ForAddress(open.Route[0].Address, new GrpcChannelOptions
            {
                HttpHandler = new SocketsHttpHandler { ActivityHeadersPropagator = null, EnableMultipleHttp2Connections = false },
                DisposeHttpClient = true,
                MaxReceiveMessageSize = StageContract.MaxMessageBytes,
                MaxSendMessageSize = StageContract.MaxMessageBytes,
            });
            var ending = Has(Fault.IgnoresCancellation) ? CancellationToken.None : context.CancellationToken;
            var below = new Stage.StageClient(channel).Process(HeadersBelow(context), cancellationToken: ending);
            var kept = false;
            try
            {
                await below.RequestStream.WriteAsync(new StageInput { OpenRun = Below(open) });
                await OpenAsync(below, responseStream);
                var up = UpAsync(below, responseStream);
                var down = new DownwardLoop(fault.Value, requestStream, below.RequestStream).RunAsync();
                await await Task.WhenAny(up, down);
                await up;
            }
            catch (RpcException failure) when (!context.CancellationToken.IsCancellationRequested)
            {
                // A connection that broke under a write ends the call as cancelled.
                var died = failure.Status.DebugException is not null || failure.StatusCode == StatusCode.Cancelled;
                if (died && Has(Fault.HangsWhenTheHopBelowDies))
                    await Task.Delay(Timeout.Infinite, context.CancellationToken);
                throw Above(failure);
            }
            catch (Exception exception) when (
                (exception is IOException or InvalidOperationException) && Has(Fault.HangsWhenTheHopBelowDies)
                && !context.CancellationToken.IsCancellationRequested)
            {
                // The writer may see the broken connection first, and not as a status.
                await Task.Delay(Timeout.Infinite, context.CancellationToken);
                throw;
            }
            catch (Exception exception) when (exception is not RpcException && Has(Fault.IgnoresCancellation))
            {
                kept = true;
                fault.Kept.Enqueue((below, channel));
                throw;
            }
            finally
            {
                if (!kept)
                    below.Dispose();
                if (Has(Fault.KeepsConnections))
                    fault.Kept.Enqueue(channel);
                else if (!kept)
                    channel.Dispose();
                if (Has(Fault.ServesOneRunAtATime))
                    fault.Turn.Release();
            }
        }

        private bool Has(Fault one) => fault.Value == one;

        private Metadata HeadersBelow(ServerCallContext context)
        {
            string[] names = Has(Fault.ForgetsTheTrace) ? ["authorization"] : ["authorization", "traceparent", "tracestate"];
            var headers = new Metadata();
            foreach (var entry in context.RequestHeaders.Where(entry => names.Contains(entry.Key)))
                headers.Add(entry);
            return headers;
        }

        private OpenRun Below(OpenRun open)
        {
            var below = open.Clone();
            if (!Has(Fault.KeepsTheRoute))
                below.Route.RemoveAt(0);
            if (!Has(Fault.HandsTheRingOn))
                below.Ring = null;
            if (Has(Fault.RoundsTheAttempt))
                below.Attempt = (long)(double)below.Attempt;
            return below;
        }

        private async Task OpenAsync(AsyncDuplexStreamingCall<StageInput, StageOutput> below, IServerStreamWriter<StageOutput> up)
        {
            RunOpened opened;
            do
            {
                if (!await below.ResponseStream.MoveNext())
                    throw new RpcException(new Status(StatusCode.Unavailable, "the hop below did not open the run"));
                opened = below.ResponseStream.Current.RunOpened;
                if (Has(Fault.DropsPagesOfState) && opened.More)
                    continue;
                opened.RingAccepted = Has(Fault.ClaimsTheRing);
                if (Has(Fault.ForgetsLinesTaken))
                    opened.LinesTaken = 0;
                if (Has(Fault.AsksForTooFewColumns))
                    opened.Columns.Remove(ColumnNames.User);
                await up.WriteAsync(new StageOutput { RunOpened = opened });
            }
            while (opened.More);
        }

        private async Task UpAsync(AsyncDuplexStreamingCall<StageInput, StageOutput> below, IServerStreamWriter<StageOutput> up)
        {
            var completed = false;
            while (await below.ResponseStream.MoveNext())
            {
                var answer = below.ResponseStream.Current;
                completed |= answer.RunCompleted is not null;
                var kept = (answer.RunCompleted is not null && Has(Fault.EndsWithoutRunCompleted))
                    || (answer.CheckpointCommitted is not null && Has(Fault.KeepsAnswers));
                if (!kept)
                    await up.WriteAsync(answer);
            }

            if (!completed)
                throw new RpcException(new Status(StatusCode.Unavailable, "the hop below ended without RunCompleted"));
        }

        private RpcException Above(RpcException failure)
        {
            var trailers = new Metadata();
            if (!Has(Fault.SwallowsTheFailure) && failure.Trailers.GetValueBytes(StageContract.FailureTrailer) is { } bytes)
                trailers.Add(StageContract.FailureTrailer, bytes);
            var status = Has(Fault.MakesEveryStatusUnavailable) && trailers.Count == 0 ? StatusCode.Unavailable : failure.StatusCode;
            return new RpcException(new Status(status, failure.Status.Detail), trailers);
        }
    }
}
