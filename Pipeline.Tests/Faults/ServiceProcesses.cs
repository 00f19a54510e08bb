using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Pipeline.Tests.Faults;

/// <summary>
/// The services' own processes, by the data directory that they were given, whoever started them. Linux only.
/// </summary>
internal sealed class ServiceProcesses(string data)
{
    private static readonly Dictionary<string, string> Programs = new()
    {
        ["broker"] = "Pipeline.Broker",
        ["ingest"] = "Pipeline.Stages.Ingest",
        ["parse"] = "Pipeline.Stages.Parse",
        ["rules"] = "Pipeline.Stages.Rules",
        ["aggregate"] = "Pipeline.Stages.Aggregate",
        ["sink"] = "Pipeline.Stages.Sink",
        ["orchestrator"] = "Pipeline.Orchestrator",
    };

    private readonly byte[] _mark = Encoding.UTF8.GetBytes($"PIPELINE_DATA={data}\0");

    /// <summary>All seven.</summary>
    public static IReadOnlyList<string> Services { get; } = [.. Programs.Keys];

    /// <summary>A service's process; none while it is down.</summary>
    public int? Find(string service) => FindProgram(Programs[service]);

    /// <summary>A process of a program.</summary>
    public int? FindProgram(string program) => Ids().FirstOrDefault(id => ProgramOf(id) == program) is > 0 and var id ? id : null;

    /// <summary>Everything that was given the data directory, whatever it is.</summary>
    public IReadOnlyList<int> All() => [.. Ids()];

    public static void Kill(int process)
    {
        try
        {
            using var found = Process.GetProcessById(process);
            found.Kill();
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
        {
            // It is gone already.
        }
    }

    /// <summary>Kills all that was given the data directory, and waits until it is gone.</summary>
    /// <param name="patience">How long one process is waited for.</param>
    public void End(TimeSpan patience)
    {
        foreach (var id in All())
        {
            try
            {
                using var process = Process.GetProcessById(id);
                process.Kill();
                process.WaitForExit(patience);
            }
            catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
            {
                // It is gone already.
            }
        }
    }

    /// <summary>Most resident memory since the process began, bytes.</summary>
    public static long PeakRss(int process) => File.ReadLines($"/proc/{process}/status")
        .Where(line => line.StartsWith("VmHWM:", StringComparison.Ordinal))
        .Select(line => long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024)
        .Single();

    private IEnumerable<int> Ids() => Directory.EnumerateDirectories("/proc")
        .Select(path => int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0)
        .Where(id => id > 0 && Read(id, "environ").AsSpan().IndexOf(_mark) >= 0);

    private static string? ProgramOf(int id)
    {
        var arguments = Encoding.UTF8.GetString(Read(id, "cmdline")).Split('\0');
        var program = Path.GetFileName(arguments[0]);
        return program == "dotnet" && arguments.Length > 1 && arguments[1].EndsWith(".dll", StringComparison.Ordinal)
            ? Path.GetFileNameWithoutExtension(arguments[1])
            : program;
    }

    private static byte[] Read(int id, string file)
    {
        try
        {
            return File.ReadAllBytes($"/proc/{id}/{file}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It ended meanwhile, or is somebody else's.
            return [];
        }
    }
}
