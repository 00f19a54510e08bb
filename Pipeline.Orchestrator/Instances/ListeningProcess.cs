using System.Globalization;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.Orchestrator.Instances;

/// <summary>Which process listens at a port, as Linux tells it: proc_net_tcp(5), proc_pid_fd(5).</summary>
internal static class ListeningProcess
{
    private const string Listening = "0A";
    private static readonly string[] Tables = ["/proc/net/tcp", "/proc/net/tcp6"];

    /// <summary>The process that an instance has told, where a signal to it reaches the instance and nobody else.</summary>
    /// <param name="process">The id, as the instance has told it; 0 = it has not.</param>
    /// <param name="address">Where the instance listens, a URI.</param>
    public static InstanceProcess Find(int process, string address)
    {
        if (process <= 0)
            return new InstanceProcess(null, "it has not told its process id");
        if (ProcessIdentity.Find(process) is not { } found)
            return new InstanceProcess(null, $"there is no process {process} on this machine");
        // The id is what the instance has told, from its own view: inside a container it means another process.
        return OperatingSystem.IsLinux() && !Is(process, new Uri(address).Port)
            ? new InstanceProcess(null, $"process {process} is not one of this user's that listens at {address}")
            : new InstanceProcess(found);
    }

    /// <summary>Whether a process listens at a port. False for another user's, whose files cannot be read.</summary>
    public static bool Is(int process, int port)
    {
        var local = string.Create(CultureInfo.InvariantCulture, $":{port:X4}");
        try
        {
            var sockets = Tables.Where(File.Exists).SelectMany(File.ReadLines)
                .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Where(fields => fields.Length > 9 && fields[3] == Listening && fields[1].EndsWith(local, StringComparison.Ordinal))
                .Select(fields => $"socket:[{fields[9]}]")
                .ToHashSet();
            return Directory.EnumerateFileSystemEntries($"/proc/{process}/fd")
                .Any(file => new FileInfo(file).LinkTarget is { } target && sockets.Contains(target));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
