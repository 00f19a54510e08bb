using Pipeline.Client.Runs;

namespace Pipeline.Tests;

/// <summary>What every instance of a topology has; a test gives the rest by "with".</summary>
internal static class SampleInstance
{
    public static TopologyInstance New(string id, string role) => new()
    {
        InstanceId = id, Interface = "pipeline.v1.Stage", Role = role, Address = "http://127.0.0.1:1", Accepts = [], Emits = [], Version = "1",
        Language = "csharp", ProcessId = 1, State = "live", Registered = null, LeaseRemainingMillis = 5_000, Departed = null,
    };
}
