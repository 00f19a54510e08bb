using System.Diagnostics;
using System.Globalization;

namespace Pipeline.Files;

/// <summary>
/// Places where a test may have the process killed, as if by SIGKILL from outside. Off unless PIPELINE_CRASH_AT=FILE is set in the
/// environment: then FILE, where there is one, is read whenever a point is reached, and deleted before the process dies: so once for each time
/// that it is written. It holds NAME, or NAME:N for the N-th time (from 1) that NAME is reached. NAME=FIFO makes the process wait instead, until
/// FIFO was opened for writing and closed: a disk that does not answer.
/// </summary>
/// <remarks>
/// Names are ROLE.MOMENT. Roles of Sink and their moments:
/// <list type="table">
/// <item><term>claim</term><description>folder_flush: the attempt's claim.</description></item>
/// <item><term>results_segment, rejects_segment</term>
/// <description>create, folder_flush, append, flush: output of the attempt, in the work folder.</description></item>
/// <item><term>checkpoint</term>
/// <description>create, append, flush, rename, folder_flush: the committed state; answer: CheckpointCommitted.</description></item>
/// <item><term>rejects</term><description>create, append, flush, rename or delete, folder_flush: the finished file.</description></item>
/// <item><term>results</term><description>create, append, flush, rename, folder_flush: the finished file.</description></item>
/// <item><term>completion</term>
/// <description>create, append, flush, rename, folder_flush: the note that the run is complete; answer: RunCompleted.</description></item>
/// <item><term>probe</term><description>create, delete: a file that shows at the beginning that the output can be written.</description></item>
/// <item><term>leftover</term><description>delete: segments of a complete run, checkpoints and unfinished files of attempts that are over.</description></item>
/// </list>
/// Roles of the orchestrator:
/// <list type="table">
/// <item><term>run_folder</term><description>folder_flush: the folder of a new run.</description></item>
/// <item><term>run</term><description>create, append, flush, rename, folder_flush: run.json, when a run is made, at the beginning and the
/// end of each attempt, and at the run's end.</description></item>
/// </list>
/// A moment stands for two points: before_MOMENT and after_MOMENT, such as checkpoint.before_rename.
/// </remarks>
public static class CrashPoints
{
    private static readonly string? OrderFile = Environment.GetEnvironmentVariable("PIPELINE_CRASH_AT");

    private static int _reached;
    private static DateTime _ordered;

    /// <summary>Files whose operations are such places; without PIPELINE_CRASH_AT the files themselves.</summary>
    public static IDurableFiles Around(IDurableFiles files) => OrderFile is null ? files : new CrashingFiles(files);

    /// <summary>Before an operation.</summary>
    public static void Before(string role, string moment) => Reached(role, ".before_", moment);

    /// <summary>After it.</summary>
    public static void After(string role, string moment) => Reached(role, ".after_", moment);

    private static void Reached(string role, string when, string moment)
    {
        if (OrderFile is null || !File.Exists(OrderFile))
            return;

        // Points are counted from when the order was given, though the same may be given twice.
        var written = File.GetLastWriteTimeUtc(OrderFile);
        if (written != _ordered)
            (_ordered, _reached) = (written, 0);

        var name = role + when + moment;
        var order = File.ReadAllText(OrderFile).Trim();
        if (order.Split('=') is [var place, var fifo] && place == name)
        {
            File.Delete(OrderFile);
            File.ReadAllBytes(fifo);
        }
        else if (order.Split(':') is [var wanted, .. var count] && wanted == name
            && ++_reached == (count is [var number] ? int.Parse(number, CultureInfo.InvariantCulture) : 1))
        {
            File.Delete(OrderFile);

            // SIGKILL on Unix: no handler, no buffer flushed, no lock released by hand.
            Process.GetCurrentProcess().Kill();
        }
    }
}
