using Pipeline.Contracts.Broker.V1;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.Orchestrator.Instances;

/// <summary>What can be done to an instance from outside.</summary>
internal interface IInstanceControl
{
    /// <summary>Has the broker tell everybody that it drains: no route leads to it, and attempts that go through it drain.</summary>
    /// <returns>False: it is gone, or has registered anew.</returns>
    /// <exception cref="Pipeline.Contracts.StageException">The broker is out of reach.</exception>
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
