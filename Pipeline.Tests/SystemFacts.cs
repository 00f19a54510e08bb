using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Pipeline.Tests;

/// <summary>A test of what only Linux has; skipped elsewhere.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute() => Skip = Systems.WhyNotLinux;
}

/// <summary>Tests of what only Linux has; skipped elsewhere.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LinuxTheoryAttribute : TheoryAttribute
{
    public LinuxTheoryAttribute() => Skip = Systems.WhyNotLinux;
}

/// <summary>A test of what Linux and macOS have in common; skipped on Windows.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class UnixFactAttribute : FactAttribute
{
    public UnixFactAttribute() => Skip = Systems.WhyNotUnix;
}

/// <summary>Tests of what Linux and macOS have in common; skipped on Windows.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class UnixTheoryAttribute : TheoryAttribute
{
    public UnixTheoryAttribute() => Skip = Systems.WhyNotUnix;
}

/// <summary>
/// Tests of what a process without privileges may not do, which is started as the user "nobody" where the tests run as root; skipped where
/// that cannot be.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class UnprivilegedTheoryAttribute : TheoryAttribute
{
    private const string Nobody = "65534";
    private const string SetPrivileges = "/usr/bin/setpriv";

    public UnprivilegedTheoryAttribute() => Skip = Systems.WhyNotUnix
        ?? (!Environment.IsPrivilegedProcess ? null
            : !File.Exists(SetPrivileges) ? $"the tests run as root, and there is no {SetPrivileges} to start a process as another user"
            : !IsOpenToAll(AppContext.BaseDirectory) ? $"the tests run as root, and no other user can read {AppContext.BaseDirectory}"
            : null);

    /// <summary>A command to be started by a user without privileges.</summary>
    internal static ProcessStartInfo Start(string program, string[] arguments) => Environment.IsPrivilegedProcess
        ? new ProcessStartInfo(SetPrivileges, [$"--reuid={Nobody}", $"--regid={Nobody}", "--clear-groups", program, .. arguments])
        : new ProcessStartInfo(program, arguments);

    private static bool IsOpenToAll(string folder)
    {
        for (var at = new DirectoryInfo(folder); at is not null; at = at.Parent)
        {
            if (!OperatingSystem.IsWindows() && !at.UnixFileMode.HasFlag(UnixFileMode.OtherExecute))
                return false;
        }

        return true;
    }
}

internal static class Systems
{
    public static string? WhyNotLinux => OperatingSystem.IsLinux() ? null : "tests what only Linux has: signals by number, /proc, devices";

    /// <summary>An absolute path as this system has them: /a is C:/a on Windows, which needs no escapes in JSON.</summary>
    public static string Absolute(string path) => OperatingSystem.IsWindows() && path is ['/', ..] ? $"C:{path}" : path;

    public static string? WhyNotUnix => OperatingSystem.IsWindows() ? "tests what Windows has not: file modes, FIFOs, signals" : null;
}

/// <summary>Named pipes (mkfifo(3)), which .NET does not make.</summary>
internal static partial class Fifo
{
    private const uint OwnerReadsAndWrites = 0x180;

    /// <summary>Makes one, not on Windows.</summary>
    public static void Create(string path) => Assert.Equal(0, Make(path, OwnerReadsAndWrites));

    [LibraryImport("libc", EntryPoint = "mkfifo", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Make(string path, uint mode);
}

/// <summary>Second names of a file (link(2)), which .NET does not make.</summary>
internal static partial class HardLink
{
    /// <summary>Makes one, not on Windows.</summary>
    public static void Create(string path, string link) => Assert.Equal(0, Make(path, link));

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Make(string path, string link);
}

/// <summary>The repository that the tests were built from.</summary>
internal static class Repository
{
    /// <summary>Its folder.</summary>
    public static string Root { get; } = FindRoot();

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Pipeline.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("No Pipeline.sln above the tests.");
        return folder;
    }
}
