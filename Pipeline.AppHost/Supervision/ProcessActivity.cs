using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.AppHost.Supervision;

/// <summary>How much a process has worked so far.</summary>
/// <param name="Busy">CPU time that it used; on Linux also the time for which its threads waited for a CPU.</param>
/// <param name="IsRunnable">Whether a thread runs, or waits for a CPU or a disk, at this moment; told on Linux only.</param>
internal readonly record struct ProcessActivity(TimeSpan Busy, bool IsRunnable)
{
    /// <summary>Reads the figures of a process; they stand still once it has ended.</summary>
    public static ProcessActivity Read(ProcessIdentity process)
    {
        try
        {
            using var found = Process.GetProcessById(process.Id);
            var activity = new ProcessActivity(found.TotalProcessorTime, false);
            return OperatingSystem.IsLinux()
                ? Directory.EnumerateDirectories($"/proc/{process.Id}/task").Aggregate(activity, AddThread)
                : activity;
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or Win32Exception or IOException)
        {
            return default;
        }
    }

    private static ProcessActivity AddThread(ProcessActivity sum, string thread) => new(
        sum.Busy + WaitedForProcessor(thread),
        sum.IsRunnable || ProcessStatus.Read(thread) is { IsRunnable: true });

    // schedstat: nanoseconds on a CPU, nanoseconds of waiting for one, time slices (sched-stats.txt of the kernel).
    private static TimeSpan WaitedForProcessor(string thread)
    {
        try
        {
            var nanoseconds = long.Parse(File.ReadAllText(Path.Combine(thread, "schedstat")).Split(' ')[1], CultureInfo.InvariantCulture);
            return TimeSpan.FromMicroseconds(nanoseconds / 1000);
        }
        catch (IOException)
        {
            // The thread has ended, or this kernel does not tell: what the process has worked counts all the same.
            return TimeSpan.Zero;
        }
    }
}

/// <summary>
/// Measures for how long a process has not worked. It counts its own ticks, not a clock: time in which this process itself stood
/// still, such as on a suspended machine, is not held against the other.
/// </summary>
internal sealed class Stillness(Func<ProcessActivity> read, TimeSpan interval)
{
    /// <summary>A process that is stuck still wakes up for its timers: this share of a CPU is no work.</summary>
    private const double Idle = 0.02;

    private ProcessActivity _last = read();

    /// <summary>For how long.</summary>
    public TimeSpan Elapsed { get; private set; }

    /// <summary>Takes another interval into account.</summary>
    public void Tick()
    {
        var now = read();
        Elapsed = now.IsRunnable || now.Busy - _last.Busy > interval * Idle ? TimeSpan.Zero : Elapsed + interval;
        _last = now;
    }
}
