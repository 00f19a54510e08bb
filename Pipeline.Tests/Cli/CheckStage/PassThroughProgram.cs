using Grpc.Core;
using Pipeline.Contracts.V1;

namespace Pipeline.Tests.Cli.CheckStage;

/// <summary>A program for a bridge that answers each batch with itself.</summary>
internal sealed class PassThroughProgram : Transform.TransformBase
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
