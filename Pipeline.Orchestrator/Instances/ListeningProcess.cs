using System.Globalization;

namespace Pipeline.Orchestrator.Instances;

/// <summary>Which process listens at a port, as Linux tells it: proc_net_tcp(5), proc_pid_fd(5).</summary>
internal static class ListeningProcess
{
    private const string Listening = "0A";
    private static readonly string[] Tables = ["/proc/net/tcp", "/proc/net/tcp6"];

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
