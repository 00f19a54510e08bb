using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Pipeline.LocalHost.Processes;

/// <summary>
/// A process and all that came of it. The root leads a session and a process group of its own; what leaves the group
/// is found on Linux by a mark in the environment, which children inherit however they detach themselves.
/// </summary>
internal sealed class ProcessTree(Process root, string mark)
{
    /// <summary>The variable that carries the mark.</summary>
    public const string MarkVariable = "LOCALHOST_TREE";

    /// <summary>Bounds the hunt for processes that fork as fast as they are killed.</summary>
    private const int MaxRounds = 20;

    private static bool SignalsExist => !OperatingSystem.IsWindows();

    /// <summary>Whether anything of it is left.</summary>
    public bool IsAlive => !root.HasExited || Members().Count > 0;

    /// <summary>Asks all of it to end. The continue signal lets stopped processes hear the request.</summary>
    public void Terminate()
    {
        if (!SignalsExist)
        {
            root.Kill(entireProcessTree: true);
            return;
        }

        foreach (var pid in Members().Append(-root.Id))
        {
            Signals.Send(pid, Signals.Terminate);
            Signals.Send(pid, Signals.Continue);
        }
    }

    /// <summary>Ends all of it.</summary>
    public void Kill()
    {
        if (!root.HasExited)
            root.Kill(entireProcessTree: !OperatingSystem.IsLinux());
        if (!SignalsExist)
            return;

        Signals.Send(-root.Id, Signals.Kill);
        for (var round = 0; round < MaxRounds && Members() is { Count: > 0 } members; round++)
        {
            foreach (var pid in members)
                Signals.Send(pid, Signals.Kill);
        }
    }

    private List<int> Members()
    {
        List<int> members = [];
        if (!OperatingSystem.IsLinux())
            return members;

        var needle = Encoding.ASCII.GetBytes($"{MarkVariable}={mark}");
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && HasMark(directory, needle))
                members.Add(pid);
        }

        return members;
    }

    private static bool HasMark(string directory, ReadOnlySpan<byte> needle)
    {
        try
        {
            // Empty for a process that has ended and waits for its parent.
            return File.ReadAllBytes($"{directory}/environ").AsSpan().IndexOf(needle) >= 0;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
