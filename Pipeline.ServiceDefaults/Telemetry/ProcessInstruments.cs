using System.Diagnostics.Metrics;

namespace Pipeline.ServiceDefaults.Telemetry;

/// <summary>What a service takes of the machine, by the semantic conventions for processes.</summary>
internal static class ProcessInstruments
{
    /// <summary>Creates the instruments; they are read when metrics are collected.</summary>
    public static void Create(Meter meter, TimeProvider time)
    {
        var before = (Cpu: Environment.CpuUsage.TotalTime, At: time.GetTimestamp());
        meter.CreateObservableGauge("process.cpu.utilization", Utilization, "1", "Share of the processors' time since the last reading.");
        meter.CreateObservableUpDownCounter("process.memory.usage", () => Environment.WorkingSet, "By", "Physical memory in use.");

        double Utilization()
        {
            var now = (Cpu: Environment.CpuUsage.TotalTime, At: time.GetTimestamp());
            var elapsed = time.GetElapsedTime(before.At, now.At) * Environment.ProcessorCount;
            var share = elapsed > TimeSpan.Zero ? (now.Cpu - before.Cpu) / elapsed : 0;
            before = now;
            return share;
        }
    }
}
