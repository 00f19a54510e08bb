using System.Globalization;

namespace Pipeline.ServiceDefaults.Hosting;

/// <summary>What Linux tells about a process or one of its threads in a stat file below /proc (proc_pid_stat(5)).</summary>
/// <param name="State">R, S, D, T, Z and others.</param>
/// <param name="Parent">Id of the parent process.</param>
/// <param name="Start">Clock ticks from boot to its start.</param>
public readonly record struct ProcessStatus(char State, int Parent, long Start)
{
    /// <summary>It has ended, and its parent has not yet asked for its exit code.</summary>
    public bool HasEnded => State is 'Z' or 'X';

    /// <summary>It runs on a processor, waits for one or for a disk, or is held by a debugger or while it is dumped.</summary>
    public bool IsRunnable => State is 'R' or 'D' or 't';

    /// <summary>Whether there is such a process although its status cannot be read, as for a lack of file descriptors, of which this takes none.</summary>
    public static bool IsUnreadable(int id) => Read(id) is null && Directory.Exists(FolderOf(id));

    /// <summary>Reads a process's status.</summary>
    /// <returns>Null where there is no such process.</returns>
    public static ProcessStatus? Read(int id) => Read(FolderOf(id));

    /// <summary>Reads the status of a process or thread by its folder below /proc.</summary>
    /// <returns>Null where it is gone.</returns>
    public static ProcessStatus? Read(string folder)
    {
        try
        {
            // "ID (NAME) STATE PARENT ...": the name may hold spaces and parentheses.
            var text = File.ReadAllText(Path.Combine(folder, "stat"));
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            var start = long.Parse(fields[19], CultureInfo.InvariantCulture);
            return new ProcessStatus(fields[0][0], int.Parse(fields[1], CultureInfo.InvariantCulture), start);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string FolderOf(int id) => string.Create(CultureInfo.InvariantCulture, $"/proc/{id}");
}
