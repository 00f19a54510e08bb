using Grpc.Core;
using Pipeline.Contracts;
using Pipeline.Contracts.Broker.V1;
using Pipeline.ServiceDefaults.Hosting;
using BrokerService = Pipeline.Contracts.Broker.V1.Broker;

namespace Pipeline.Orchestrator.Instances;

/// <summary>Acts through the broker, and by signals to processes of this machine and user.</summary>
internal sealed class InstanceControl(BrokerService.BrokerClient broker) : IInstanceControl
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(2);

    public async Task<bool> DrainAsync(Instance instance)
    {
        try
        {
            using var call = broker.KeepAlive(deadline: DateTime.UtcNow + Deadline);
            await call.RequestStream.WriteAsync(new KeepAliveRequest { LeaseId = instance.LeaseId, TakenOut = true });
            await call.RequestStream.CompleteAsync();
            var known = false;
            await foreach (var answer in call.ResponseStream.ReadAllAsync())
                known = answer.Known;
            return known;
        }
        catch (Exception error) when (error is RpcException or IOException or InvalidOperationException)
        {
            throw new StageException(FailureReasons.Unreachable, "the broker is out of reach: nothing was stopped", inner: error);
        }
    }

    public InstanceProcess Find(Instance instance) =>
        OperatingSystem.IsWindows()
            ? new InstanceProcess(null, "this system has no signal that asks a process to end")
            : ListeningProcess.Find(instance.ProcessId, instance.Address);

    public string? Terminate(ProcessIdentity process) =>
        OperatingSystem.IsWindows() ? "this system has no signal that asks a process to end" : process.Send(ProcessSignal.Terminate);
}
