using System.Text;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.Tests.Faults;

/// <summary>The processes of DCP that serve one AppHost, and the dashboard that they started. Linux only.</summary>
/// <param name="ApiServer">Serves the API through which Aspire talks to DCP.</param>
/// <param name="Controllers">Starts and watches the resources' processes, and hosts the proxies of their endpoints.</param>
/// <param name="Monitors">One for each process, which they end when DCP dies.</param>
/// <param name="Dashboard">None where it is disabled.</param>
internal sealed record DcpProcesses(
    ProcessIdentity ApiServer, ProcessIdentity Controllers, IReadOnlyList<ProcessIdentity> Monitors, ProcessIdentity? Dashboard)
{
    public IEnumerable<ProcessIdentity> Dcp => [ApiServer, Controllers, .. Monitors];

    public bool AnyAlive => Dcp.Append(Dashboard ?? default).Any(process => process.IsAlive);

    /// <summary>Those of an AppHost that has started.</summary>
    public static DcpProcesses Of(int appHost)
    {
        var api = All().Single(process =>
            Arguments(process) is [_, "start-apiserver", "--monitor", var id, ..] && int.Parse(id) == appHost);
        var controllers = All().Single(process => ProcessStatus.Read(process.Id)?.Parent == api.Id);
        var children = All().Where(process => ProcessStatus.Read(process.Id)?.Parent == controllers.Id).ToList();
        return new DcpProcesses(
            api,
            controllers,
            [.. children.Where(process => Arguments(process) is [_, "monitor-process", ..])],
            children
                .Where(process => Arguments(process) is [var program, ..] && program.EndsWith("Aspire.Dashboard", StringComparison.Ordinal))
                .Cast<ProcessIdentity?>().FirstOrDefault());
    }

    private static IEnumerable<ProcessIdentity> All() => Directory.EnumerateDirectories("/proc")
        .Select(path => int.TryParse(Path.GetFileName(path), out var id) ? ProcessIdentity.Find(id) : null).OfType<ProcessIdentity>();

    private static string[] Arguments(ProcessIdentity process)
    {
        try
        {
            return Encoding.UTF8.GetString(File.ReadAllBytes($"/proc/{process.Id}/cmdline")).Split('\0');
        }
        catch (IOException)
        {
            // It ended meanwhile.
            return [];
        }
    }
}
