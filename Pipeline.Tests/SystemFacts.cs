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

internal static class Systems
{
    public static string? WhyNotLinux => OperatingSystem.IsLinux() ? null : "tests what only Linux has: signals by number, /proc, devices";

    public static string? WhyNotUnix => OperatingSystem.IsWindows() ? "tests what Windows has not: file modes, FIFOs, signals" : null;
}
