using System.Diagnostics.Metrics;
using Pipeline.ServiceDefaults.Telemetry;

namespace Pipeline.Broker.Registry;

/// <summary>Metrics of the registry.</summary>
internal static class RegistryInstruments
{
    /// <summary>Creates the instruments; they are read when metrics are collected.</summary>
    public static void Create(InstanceRegistry registry, IMeterFactory meters)
    {
        var meter = meters.Create(PipelineTelemetry.Name);
        meter.CreateObservableUpDownCounter("pipeline.registry.instances", ByRole, "{instance}", "Instances that hold a lease, by role.");

        IEnumerable<Measurement<int>> ByRole() => registry.Snapshot(new InstanceFilter("", "")).Instances
            .CountBy(instance => instance.Role)
            .Select(role => new Measurement<int>(role.Value, new KeyValuePair<string, object?>(PipelineTelemetry.StageRole, role.Key)));
    }
}
