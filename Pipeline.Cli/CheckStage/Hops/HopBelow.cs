using System.Collections.Concurrent;
using System.Net;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;

namespace Pipeline.Cli.CheckStage.Hops;

/// <summary>The hop below the stage: a plain gRPC server without the stage runtime, whose calls the checks answer.</summary>
internal sealed class HopBelow : IAsyncDisposable
{
    // Less than the contract asks of a stage: what the stage holds itself shows sooner.
    private const int WindowBytes = 1024 * 1024;

    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, TaskCompletionSource<CallBelow>> _awaited = new(StringComparer.Ordinal);
    private int _runs;

    private HopBelow(string role)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.Http2.InitialStreamWindowSize = WindowBytes;
            kestrel.Limits.Http2.InitialConnectionWindowSize = WindowBytes;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        });
        builder.Services.AddGrpc(grpc => grpc.MaxReceiveMessageSize = grpc.MaxSendMessageSize = StageContract.MaxMessageBytes);
        builder.Services.AddSingleton(this);
        _app = builder.Build();
        _app.MapGrpcService<Service>();
        Hop = new Hop { InstanceId = "check-below", Role = role };
    }

    /// <summary>As the route names it.</summary>
    public Hop Hop { get; }

    /// <summary>Serves on a free port.</summary>
    public static async Task<HopBelow> StartAsync(string role, CancellationToken cancellationToken)
    {
        var hop = new HopBelow(role);
        await hop._app.StartAsync(cancellationToken);
        hop.Hop.Address = hop._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return hop;
    }

    /// <summary>An id that no other run of this hop has.</summary>
    public string NewRunId() => $"check-{Environment.ProcessId}-{Interlocked.Increment(ref _runs)}";

    /// <summary>The call of a run, once it comes.</summary>
    public Task<CallBelow> ExpectAsync(string runId) =>
        _awaited.GetOrAdd(runId, _ => new TaskCompletionSource<CallBelow>(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private sealed class Service(HopBelow hop) : Stage.StageBase
    {
        public override async Task Process(
            IAsyncStreamReader<StageInput> requestStream, IServerStreamWriter<StageOutput> responseStream, ServerCallContext context)
        {
            if (!await requestStream.MoveNext(context.CancellationToken) || requestStream.Current.OpenRun is not { } open)
                throw new RpcException(new Status(StatusCode.InvalidArgument, "the first message is not OpenRun"));
            if (!hop._awaited.TryRemove(open.RunId, out var awaited))
                throw new RpcException(new Status(StatusCode.FailedPrecondition, $"no check awaits the run '{open.RunId}'"));
            var call = new CallBelow(open, requestStream, responseStream, context);
            awaited.SetResult(call);
            await call.Ended;
        }
    }
}
