using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using Pipeline.Bench.Cli;
using Pipeline.Bench.Rows;
using Pipeline.Stages.Core.Ring;

namespace Pipeline.Bench.Reports;

/// <summary>Under what conditions figures were taken.</summary>
internal sealed record Setting
{
    public required string Command { get; init; }

    public required DateTimeOffset Taken { get; init; }

    /// <summary>With the commit, where the build knows it.</summary>
    public required string Version { get; init; }

    public required string Runtime { get; init; }

    public required string System { get; init; }

    public required string Processor { get; init; }

    public required int Cores { get; init; }

    /// <summary>Whether the code is what the compiler makes of it when it may optimize.</summary>
    public required bool Optimized { get; init; }

    /// <summary>Whether stages exchange batches by shared memory, which only Linux has.</summary>
    public required bool SharedMemory { get; init; }

    public required string Input { get; init; }

    public required long Lines { get; init; }

    public required long InputBytes { get; init; }

    public required int Rounds { get; init; }

    public static Setting Of(BenchOptions options, Workload workload) => new()
    {
        Command = options.Command,
        Taken = TimeProvider.System.GetUtcNow(),
        Version = typeof(Setting).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "",
        Runtime = RuntimeInformation.FrameworkDescription,
        System = RuntimeInformation.OSDescription,
        Processor = ProcessorName(),
        Cores = Environment.ProcessorCount,
        Optimized = typeof(Setting).Assembly.GetCustomAttribute<DebuggableAttribute>() is not { IsJITOptimizerDisabled: true },
        SharedMemory = MappedRing.IsSupported,
        Input = options.Workload == InputFile.Events ? options.Workload : $"{options.Workload}, {options.Payload}",
        Lines = workload.Lines,
        InputBytes = workload.Bytes,
        Rounds = options.Runs,
    };

    /// <summary>In a few lines.</summary>
    public IEnumerable<string> ToLines()
    {
        yield return Command;
        yield return FormattableString.Invariant($"{Lines:N0} lines ({Input}, seed 42, {InputBytes / 1e6:N1} MB), {Rounds} rounds after one to warm up");
        yield return FormattableString.Invariant($"{Processor}, {Cores} cores, {System}, {Runtime}, {Version}, {Taken:yyyy-MM-dd}");
        yield return SharedMemory
            ? "batches of the split pipeline go through shared memory"
            : "batches of the split pipeline go through the gRPC streams: this system has no shared memory for them";
        if (!Optimized)
            yield return "NOT optimized: the figures say nothing";
    }

    private static string ProcessorName()
    {
        const string Key = "model name";
        try
        {
            return File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith(Key, StringComparison.Ordinal))?.Split(':', 2)[1].Trim()
                ?? RuntimeInformation.ProcessArchitecture.ToString();
        }
        catch (IOException)
        {
            return RuntimeInformation.ProcessArchitecture.ToString();
        }
    }
}
