using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using Pipeline.Bench.Cli;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.Bench.Services;

/// <summary>A program that the benchmark started, and the end of what it said.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    private const int KeptLines = 20;

    private readonly Process _process;
    private readonly Queue<string> _said = new();

    private ServiceProcess(string name, Process process)
    {
        (Name, _process) = (name, process);
        Exited = WaitAsync();
    }

    public string Name { get; }

    public int Id => _process.Id;

    /// <summary>Ends with the exit code, when the output is read too.</summary>
    public Task<int> Exited { get; }

    /// <summary>Most resident memory since <see cref="ForgetPeak"/>, bytes; 0 where the system does not tell it of another process.</summary>
    public long PeakRssBytes
    {
        get
        {
            _process.Refresh();
            return _process.PeakWorkingSet64;
        }
    }

    /// <summary>Starts a program of the solution. It ends by itself when the benchmark is gone.</summary>
    /// <param name="name">For messages.</param>
    /// <param name="assembly">Such as Pipeline.Broker.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="environment">Variables besides those of this process.</param>
    public static ServiceProcess Start(string name, string assembly, IEnumerable<string> arguments, IEnumerable<KeyValuePair<string, string>> environment)
    {
        var host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } path ? path : "dotnet";
        var start = new ProcessStartInfo(host, ["exec", ServiceFiles.PathOf(assembly), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment[AppHostWatch.Variable] = $"{ProcessIdentity.Current}";
        foreach (var (variable, value) in environment)
            start.Environment[variable] = value;
        var process = Process.Start(start) ?? throw new BenchException($"{name} did not start");
        process.StandardInput.Close();
        return new ServiceProcess(name, process);
    }

    /// <summary>Begins a new measurement of the peak, where the system lets one: Linux does.</summary>
    public void ForgetPeak() => PeakMemory.Forget(Id);

    /// <summary>Why it is no use to go on: it has ended.</summary>
    public BenchException Failure()
    {
        lock (_said)
            return new BenchException($"{Name} ended with exit code {_process.ExitCode}{string.Concat(_said.Select(line => "\n  " + line))}");
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await Exited;
        _process.Dispose();
    }

    private async Task<int> WaitAsync()
    {
        await Task.WhenAll(ReadAsync(_process.StandardOutput), ReadAsync(_process.StandardError));
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }

    private async Task ReadAsync(StreamReader output)
    {
        while (await output.ReadLineAsync() is { } line)
        {
            lock (_said)
            {
                if (_said.Count == KeptLines)
                    _said.Dequeue();
                _said.Enqueue(line);
            }
        }
    }
}

/// <summary>Linux's peak of resident memory, which counts from a process's start until it is told to forget.</summary>
internal static class PeakMemory
{
    /// <summary>The peak becomes what is resident now. Elsewhere than on Linux nothing happens: there it is the peak since the start.</summary>
    public static void Forget(int processId)
    {
        try
        {
            // proc(5), clear_refs: 5 resets the peak resident set size.
            if (OperatingSystem.IsLinux())
                File.WriteAllText($"/proc/{processId.ToString(CultureInfo.InvariantCulture)}/clear_refs", "5");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A hardened kernel: the figure is an upper bound then.
        }
    }
}

/// <summary>Where the build has put the programs that are started; the project file notes it in the assembly.</summary>
internal static class ServiceFiles
{
    private static readonly Dictionary<string, string> Paths = typeof(ServiceFiles).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>()
        .Where(attribute => attribute.Key.StartsWith("Service:", StringComparison.Ordinal))
        .ToDictionary(attribute => attribute.Key["Service:".Length..], attribute => attribute.Value!);

    /// <summary>Path of a program, such as Pipeline.Broker.</summary>
    /// <exception cref="BenchException">It is not built.</exception>
    public static string PathOf(string assembly) => Paths.TryGetValue(assembly, out var path) && File.Exists(path)
        ? path
        : throw new BenchException($"{assembly} is not where it was built ({path}): build bench/Pipeline.Bench again");
}
