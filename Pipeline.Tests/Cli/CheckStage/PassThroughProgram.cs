using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Client.Channels;
using Pipeline.Contracts.V1;
using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Endpoints;
using Pipeline.ServiceDefaults.Security;

namespace Pipeline.Tests.Cli.CheckStage;

/// <summary>A program for a bridge that answers each batch with itself.</summary>
internal sealed class PassThroughProgram : IAsyncDisposable
{
    private readonly WebApplication _app;

    private PassThroughProgram(WebApplication app) => _app = app;

    public Uri Address => _app.Services.GetRequiredService<BoundEndpoints>().GrpcAddress;

    public static async Task<PassThroughProgram> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder(["--urls", "http://127.0.0.1:0"]);
        builder.Configuration["PIPELINE_KEY"] = Kit.Key;
        builder.Logging.ClearProviders();
        builder.AddServiceDefaults();
        var app = builder.Build();
        app.MapGrpcService<Service>();
        await app.StartAsync();
        return new PassThroughProgram(app);
    }

    public PipelineChannels CreateChannels() =>
        new(Options.Create(new ChannelOptions()), new SharedKey(Options.Create(new SharedKeyOptions { Key = Kit.Key })));

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    internal sealed class Service : Transform.TransformBase
    {
        public override async Task Apply(
            IAsyncStreamReader<TransformRequest> requestStream,
            IServerStreamWriter<TransformResponse> responseStream,
            ServerCallContext context)
        {
            await foreach (var request in requestStream.ReadAllAsync(context.CancellationToken))
            {
                var response = new TransformResponse { Number = request.Number };
                switch (request.RequestCase)
                {
                    case TransformRequest.RequestOneofCase.Open: response.Opened = new TransformOpened { WorkItems = true }; break;
                    case TransformRequest.RequestOneofCase.Events: response.Events = request.Events; break;
                    default: response.WorkItems = request.WorkItems; break;
                }

                await responseStream.WriteAsync(response);
            }
        }
    }
}
