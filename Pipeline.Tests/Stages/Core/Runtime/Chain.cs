using Grpc.Core;
using Pipeline.Client.Channels;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Runtime;

namespace Pipeline.Tests.Stages.Core.Runtime;

/// <summary>Three stage servers in a row.</summary>
internal sealed class Chain(StageServer[] servers) : IAsyncDisposable
{
    public StageServer[] Servers => servers;

    public static async Task<Chain> StartAsync(
        Func<StageContext, IStage> source, Func<StageContext, IStage> middle, Func<StageContext, IStage> sink) => new(
    [
        await StageServer.StartAsync("source", source),
        await StageServer.StartAsync("middle", middle),
        await StageServer.StartAsync("sink", sink),
    ]);

    public ChainCall Open(StageInput? first = null, long attempt = 1, Metadata? trace = null) => new(
        servers[0].Channels.Create(servers[0].Address),
        first ?? new StageInput
        {
            OpenRun = new OpenRun { RunId = "run", Attempt = attempt, Options = new RunOptions(), Route = { servers[1..].Select(server => server.Hop) } },
        },
        trace);

    /// <summary>Opens the run as the orchestrator does, with the paths that hops use to name each other.</summary>
    public ChainCall OpenWithPath() => Open(new StageInput
    {
        OpenRun = new OpenRun
        {
            RunId = "run",
            Attempt = 1,
            Options = new RunOptions(),
            Route = { servers[1..].Select(server => server.Hop) },
            Path = { servers.Select(server => server.Hop) },
        },
    });

    public async ValueTask DisposeAsync()
    {
        foreach (var server in servers)
            await server.DisposeAsync();
    }
}

/// <summary>One call to the first stage.</summary>
internal sealed class ChainCall : IDisposable
{
    private readonly PipelineChannel _channel;

    public ChainCall(PipelineChannel channel, StageInput first, Metadata? trace = null)
    {
        _channel = channel;
        Call = new Stage.StageClient(channel.Invoker).Process(trace);
        Opened = Call.RequestStream.WriteAsync(first);
    }

    public Task Opened { get; }

    public AsyncDuplexStreamingCall<StageInput, StageOutput> Call { get; }

    public async Task<List<StageOutput>> ReadAllAsync()
    {
        var answers = new List<StageOutput>();
        while (await Call.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Waiting.Limit))
            answers.Add(Call.ResponseStream.Current);

        return answers;
    }

    public Task<RpcException> FailureAsync() => Assert.ThrowsAsync<RpcException>(ReadAllAsync);

    public void Dispose()
    {
        Call.Dispose();
        _channel.Dispose();
    }
}
