using System.Diagnostics;
using System.Globalization;

namespace Pipeline.Bench.Services;

/// <summary>
/// Ends what the benchmark started if the benchmark itself is killed: a shell that reads process ids from a pipe, whose
/// other end only the benchmark holds. Not on Windows.
/// </summary>
internal sealed class OrphanGuard : IDisposable
{
    private const string Script = """
        trap '' INT TERM HUP
        pids=
        while read -r pid; do
          [ "$pid" = bye ] && exit 0
          pids="$pids $pid"
        done
        kill -KILL $pids
        rm -rf -- "$1"
        """;

    private readonly Process? _shell;

    /// <summary>Starts it.</summary>
    /// <param name="folder">Deleted then, too.</param>
    public OrphanGuard(string folder) => _shell = OperatingSystem.IsWindows()
        ? null
        : Process.Start(new ProcessStartInfo("/bin/sh", ["-c", Script, "guard", folder]) { RedirectStandardInput = true, RedirectStandardError = true });

    /// <summary>One more process.</summary>
    public void Add(int processId) => Tell(processId.ToString(CultureInfo.InvariantCulture));

    /// <summary>All has ended in order.</summary>
    public void Dispose()
    {
        Tell("bye");
        _shell?.WaitForExit();
        _shell?.Dispose();
    }

    private void Tell(string line)
    {
        try
        {
            _shell?.StandardInput.WriteLine(line);
            _shell?.StandardInput.Flush();
        }
        catch (IOException)
        {
            // Somebody killed it; the orderly end works without.
        }
    }
}
