using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Client.Channels;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Endpoints;
using Pipeline.ServiceDefaults.Security;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Runtime;

namespace Pipeline.Cli.CheckStage.Reference;

/// <summary>
/// The monolith's stages below the one that is checked, served as one hop by the stage runtime: ring, flow, checks and failures are those
/// of a real neighbour.
/// </summary>
internal sealed class RestOfChain : IAnswerOutput, IAsyncDisposable
{
    private readonly WebApplication _app;
    private IAnswerOutput? _up;

    private RestOfChain(string role, string key)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { [SharedKeyOptions.Variable] = key });
        builder.AddServiceDefaults();
        string[] accepts = [BatchKinds.Events, BatchKinds.WorkItems];
        builder.AddStageRuntime(new StageDefinition(role, accepts, [], context => new Served(this, context)), "check-below");
        _app = builder.Build();
        _app.MapStage();
    }

    /// <summary>The next of the monolith's stages.</summary>
    public IFrameOutput? Output { get; set; }

    /// <summary>What the monolith's next stage wants.</summary>
    public RunOpened Opened { get; set; } = new();

    /// <summary>Makes the calls to the stage that is checked.</summary>
    public PipelineChannels Channels => _app.Services.GetRequiredService<PipelineChannels>();

    /// <summary>As a hop of the route.</summary>
    public Hop Hop { get; } = new() { InstanceId = "check-below" };

    /// <summary>Serves it on a free port.</summary>
    public static async Task<RestOfChain> StartAsync(string role, string key, CancellationToken cancellationToken)
    {
        var rest = new RestOfChain(role, key);
        await rest._app.StartAsync(cancellationToken);
        rest.Hop.Role = role;
        rest.Hop.Address = rest._app.Services.GetRequiredService<BoundEndpoints>().GrpcAddress.GetLeftPart(UriPartial.Authority);
        return rest;
    }

    /// <summary>An answer of the monolith's last stage: to the stage that is checked.</summary>
    public void Answer(StageOutput answer) => (_up ?? throw new InvalidOperationException("The stage has not called yet.")).Answer(answer);

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private sealed class Served : ITransform
    {
        private readonly RestOfChain _rest;

        public Served(RestOfChain rest, StageContext context)
        {
            _rest = rest;
            rest._up = context.Answers;
        }

        public ValueTask<RunOpened> OpenAsync(OpenRun open, RunOpened? below, CancellationToken cancellationToken) =>
            ValueTask.FromResult(_rest.Opened.Clone());

        public ValueTask ProcessAsync(Frame frame, IFrameOutput output, CancellationToken cancellationToken) =>
            (_rest.Output ?? throw new InvalidOperationException("The stage sent a frame before it got one."))
                .WriteAsync(frame, cancellationToken);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
