using System.Diagnostics;
using System.Globalization;

namespace Pipeline.Files;

/// <summary>
/// Places where a test may have the process killed, as if by SIGKILL from outside. Off unless PIPELINE_CRASH_AT is set in the
/// environment: NAME or NAME:N, the N-th time (from 1) that NAME is reached. With PIPELINE_CRASH_MARK=FILE it happens only if FILE
/// can be created anew, so once, however often the process is started again. With PIPELINE_CRASH_AT=@FILE the same is read from FILE
/// whenever a point is reached, and FILE is deleted before the process dies: so once for each time that FILE is written. NAME=FIFO
/// there makes the process wait instead, until FIFO was opened for writing and closed: a disk that does not answer.
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
    private static readonly string? Setting = Environment.GetEnvironmentVariable("PIPELINE_CRASH_AT");
    private static readonly string? OrderFile = Setting is ['@', .. var path] ? path : null;
    private static readonly (string Name, int Count)? Wanted = OrderFile is null ? Parse(Setting) : null;
    private static readonly string? Mark = Environment.GetEnvironmentVariable("PIPELINE_CRASH_MARK");
    private static int _reached;
    private static DateTime _ordered;

    /// <summary>Files whose operations are such places; without PIPELINE_CRASH_AT the files themselves.</summary>
    public static IDurableFiles Around(IDurableFiles files) => Setting is null ? files : new CrashingFiles(files);

    /// <summary>Before an operation.</summary>
    public static void Before(string role, string moment) => Reached(role, ".before_", moment);

    /// <summary>After it.</summary>
    public static void After(string role, string moment) => Reached(role, ".after_", moment);

    /// <summary>NAME or NAME:N.</summary>
    internal static (string Name, int Count)? Parse(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return null;

        var colon = text.LastIndexOf(':');
        return colon < 0
            ? (text, 1)
            : (text[..colon], int.Parse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture));
    }

    private static void Reached(string role, string when, string moment)
    {
        if (OrderFile is not null)
        {
            Obey(OrderFile, string.Concat(role, when, moment));
            return;
        }

        if (Wanted is not { } wanted
            || wanted.Name.Length != role.Length + when.Length + moment.Length
            || wanted.Name != string.Concat(role, when, moment)
            || Interlocked.Increment(ref _reached) != wanted.Count
            || !TryMark())
        {
            return;
        }

        Die();
    }

    private static void Obey(string orderFile, string name)
    {
        if (!File.Exists(orderFile))
            return;

        // Points are counted from when the order was given, though the same may be given twice.
        var written = File.GetLastWriteTimeUtc(orderFile);
        if (written != _ordered)
            (_ordered, _reached) = (written, 0);

        var order = File.ReadAllText(orderFile).Trim();
        if (order.Split('=') is [var place, var fifo] && place == name)
        {
            File.Delete(orderFile);
            File.ReadAllBytes(fifo);
        }
        else if (Parse(order) is { } wanted && wanted.Name == name && ++_reached == wanted.Count)
        {
            File.Delete(orderFile);
            Die();
        }
    }

    // SIGKILL on Unix: no handler, no buffer flushed, no lock released by hand.
    private static void Die() => Process.GetCurrentProcess().Kill();

    private static bool TryMark()
    {
        if (Mark is null)
            return true;

        try
        {
            using var mark = File.Open(Mark, FileMode.CreateNew);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
