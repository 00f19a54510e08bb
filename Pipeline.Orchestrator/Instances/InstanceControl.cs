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

    /// <inheritdoc/>
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
        catch (RpcException error)
        {
            throw new StageException(FailureReasons.Unreachable, "the broker is out of reach: nothing was stopped", inner: error);
        }
    }

    /// <inheritdoc/>
    public InstanceProcess Find(Instance instance)
    {
        if (OperatingSystem.IsWindows())
            return new InstanceProcess(null, "this system has no signal that asks a process to end");
        if (instance.ProcessId == 0)
            return new InstanceProcess(null, "it has not told its process id");
        if (ProcessIdentity.Find(instance.ProcessId) is not { } process)
            return new InstanceProcess(null, $"there is no process {instance.ProcessId} on this machine");
        // The id is what the instance has told, from its own view: inside a container it means another process.
        return OperatingSystem.IsLinux() && !ListeningProcess.Is(process.Id, new Uri(instance.Address).Port)
            ? new InstanceProcess(null, $"process {process.Id} is not one of this user's that listens at {instance.Address}")
            : new InstanceProcess(process);
    }

    /// <inheritdoc/>
    public string? Terminate(ProcessIdentity process) =>
        OperatingSystem.IsWindows() ? "this system has no signal that asks a process to end" : process.Send(ProcessSignal.Terminate);
}
