using Grpc.Core;
using Grpc.Health.V1;
using Pipeline.Client.Channels;
using Pipeline.ServiceDefaults.Endpoints;

namespace Pipeline.Orchestrator.Routes;

/// <summary>Asks the gRPC health service, on a connection of its own: one that is there already may be to a process that is not.</summary>
internal sealed class GrpcHealthProbe(PipelineChannels channels) : IHealthProbe
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(1);

    public async Task<bool> AnswersAsync(string address, CancellationToken cancellationToken)
    {
        if (!LoopbackAddress.TryParse(address, out var canonical))
            return false;
        try
        {
            using var channel = channels.Create(new Uri(canonical));
            // Any answer is one: a process that is not ready, such as one that waits for the broker, can still do its part.
            await new Health.HealthClient(channel.Invoker).CheckAsync(
                new HealthCheckRequest(), deadline: DateTime.UtcNow + Deadline, cancellationToken: cancellationToken);
            return true;
        }
        catch (RpcException error)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return error.StatusCode is StatusCode.Unimplemented or StatusCode.NotFound;
        }
    }
}

/// <summary>Asks an instance whether it is alive.</summary>
internal interface IHealthProbe
{
    /// <summary>True where it answers in time: whatever its health service says, or that there is none.</summary>
    Task<bool> AnswersAsync(string address, CancellationToken cancellationToken);
}
