using Grpc.Core;
using Pipeline.Contracts;
using Pipeline.Contracts.Broker.V1;
using Pipeline.ServiceDefaults.Hosting;
using BrokerService = Pipeline.Contracts.Broker.V1.Broker;

namespace Pipeline.Orchestrator.Instances;

/// <summary>Acts through the broker, and by signals to processes of this machine and user.</summary>
internal sealed class InstanceControl(BrokerService.BrokerClient broker) : IInstanceControl
{
    private const string NoSignal = "this system has no signal that asks a process to end";

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
        OperatingSystem.IsWindows() ? new InstanceProcess(null, NoSignal) : ListeningProcess.Find(instance.ProcessId, instance.Address);

    public string? Terminate(ProcessIdentity process) =>
        OperatingSystem.IsWindows() ? NoSignal : process.Send(ProcessSignal.Terminate);
}

/// <summary>What can be done to an instance from outside.</summary>
internal interface IInstanceControl
{
    /// <summary>Has the broker tell everybody that it drains: no route leads to it, and attempts that go through it drain.</summary>
    /// <returns>False: it is gone, or has registered anew.</returns>
    /// <exception cref="StageException">The broker is out of reach.</exception>
    Task<bool> DrainAsync(Instance instance);

    /// <summary>Its process, if it can be asked to end.</summary>
    InstanceProcess Find(Instance instance);

    /// <summary>Asks a process to end in order.</summary>
    /// <returns>Why it could not be asked, or null.</returns>
    string? Terminate(ProcessIdentity process);
}

/// <summary>The process of an instance.</summary>
/// <param name="Identity">Null: it cannot be asked to end.</param>
/// <param name="WhyNot">Why.</param>
internal readonly record struct InstanceProcess(ProcessIdentity? Identity, string WhyNot = "");
