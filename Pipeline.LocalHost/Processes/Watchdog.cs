using System.Diagnostics;
using System.Globalization;

namespace Pipeline.LocalHost.Processes;

/// <summary>
/// Kills what the host has started when the host itself is gone, in whatever way. It is a small shell that reads the
/// roots of process trees from a pipe; the pipe ends with the host, because nobody else holds its other end. It leads a
/// session of its own, so that what hits the host's terminal or process group does not hit it. Not on Windows.
/// </summary>
internal sealed class Watchdog : IDisposable
{
    private const string Script = """
        exec >/dev/null 2>&1
        trap '' INT TERM HUP QUIT
        roots=' '
        while read -r change pid; do
          case $change in
            +) roots="$roots$pid " ;;
            -) roots="${roots%% $pid *} ${roots#* $pid }" ;;
            bye) exit 0 ;;
          esac
        done
        for pid in $roots; do kill -s KILL -- "-$pid"; done
        [ -d /proc/self ] || exit 0
        for round in 1 2 3 4 5; do
          left=$(grep -lsa "LOCALHOST_TREE=$1" /proc/[0-9]*/environ)
          [ -n "$left" ] || exit 0
          for file in $left; do pid=${file#/proc/}; kill -s KILL "${pid%/environ}"; done
        done
        """;

    private readonly Process _shell;
    private readonly Lock _lock = new();

    private Watchdog(Process shell) => _shell = shell;

    /// <summary>Starts one.</summary>
    /// <param name="launcher">Starts processes.</param>
    /// <param name="mark">What the marks of all trees begin with.</param>
    /// <returns>None on Windows.</returns>
    public static async Task<Watchdog?> StartAsync(ProcessLauncher launcher, string mark)
    {
        if (OperatingSystem.IsWindows())
            return null;

        var start = new ProcessStartInfo("/bin/sh", ["-c", Script, "watchdog", mark]) { RedirectStandardInput = true };
        start.Environment.Remove(ProcessTree.MarkVariable);
        return new Watchdog(await launcher.StartAsync(start, diesWithParent: false));
    }

    /// <summary>Has a tree killed when the host is gone.</summary>
    /// <param name="pid">Its root.</param>
    public void Add(int pid) => Tell($"+ {pid.ToString(CultureInfo.InvariantCulture)}");

    /// <summary>Forgets a tree that has ended; its number may come again.</summary>
    /// <param name="pid">Its root.</param>
    public void Remove(int pid) => Tell($"- {pid.ToString(CultureInfo.InvariantCulture)}");

    /// <summary>Lets it go.</summary>
    public void Dispose()
    {
        Tell("bye");
        _shell.Dispose();
    }

    private void Tell(string line)
    {
        lock (_lock)
        {
            try
            {
                _shell.StandardInput.Write(line + "\n");
                _shell.StandardInput.Flush();
            }
            catch (IOException)
            {
                // It was killed. The processes still die with the host (ProcessLauncher), only what they started may not.
            }
        }
    }
}
