using System.Collections.Concurrent;
using Grpc.Core;
using Grpc.Health.V1;
using Pipeline.Client.Channels;
using Pipeline.ServiceDefaults.Endpoints;

namespace Pipeline.Orchestrator.Routes;

/// <summary>Asks the gRPC health service.</summary>
internal sealed class GrpcHealthProbe(PipelineChannels channels) : IHealthProbe, IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, PipelineChannel> _kept = new();

    public async Task<bool> AnswersAsync(string address, CancellationToken cancellationToken)
    {
        if (!LoopbackAddress.TryParse(address, out var canonical))
            return false;
        // On a connection of its own: one that is there already may be to a process that is not.
        using var channel = channels.Create(new Uri(canonical));
        return await AskAsync(channel, cancellationToken);
    }

    public async Task<IReadOnlySet<string>> FindSilentAsync(IReadOnlyCollection<string> addresses)
    {
        foreach (var former in _kept.Keys.Except(addresses))
        {
            if (_kept.TryRemove(former, out var channel))
                channel.Dispose();
        }

        var asked = await Task.WhenAll(addresses.Select(async address => (Address: address, Answers: LoopbackAddress.TryParse(address, out var canonical)
            && await AskAsync(_kept.GetOrAdd(address, _ => channels.Create(new Uri(canonical))), CancellationToken.None))));
        return asked.Where(one => !one.Answers).Select(one => one.Address).ToHashSet();
    }

    public void Dispose()
    {
        foreach (var channel in _kept.Values)
            channel.Dispose();
    }

    private static async Task<bool> AskAsync(PipelineChannel channel, CancellationToken cancellationToken)
    {
        try
        {
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

    /// <summary>Those of some addresses that do not answer in time. Connections to them are kept for the next time: one caller at a time.</summary>
    Task<IReadOnlySet<string>> FindSilentAsync(IReadOnlyCollection<string> addresses);
}
