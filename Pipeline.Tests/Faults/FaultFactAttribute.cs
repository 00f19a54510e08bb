using System.Globalization;

namespace Pipeline.Tests.Faults;

/// <summary>A test of the long fault suite: eng/faults runs it, the plain test command skips it.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FaultFactAttribute : FactAttribute
{
    public FaultFactAttribute() => Skip = FaultSettings.SkipReason;
}

/// <summary>The same with data.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FaultTheoryAttribute : TheoryAttribute
{
    public FaultTheoryAttribute() => Skip = FaultSettings.SkipReason;

    /// <value>Whether it mounts a file system.</value>
    public bool NeedsRoot
    {
        get => false;
        set => Skip ??= value && Environment.UserName != "root" ? "mounts a tmpfs, which needs root" : null;
    }
}

/// <summary>What eng/faults says by environment variables.</summary>
internal static class FaultSettings
{
    /// <summary>Why the long suite is skipped; null where it is not.</summary>
    public static string? SkipReason { get; } =
        !OperatingSystem.IsLinux() ? "needs Linux: signals and /proc"
        : Environment.GetEnvironmentVariable("PIPELINE_FAULTS") is null ? "long; eng/faults runs it"
        : null;

    /// <summary>Where the random numbers start.</summary>
    public static int Seed { get; } = Number("PIPELINE_FAULTS_SEED") ?? Random.Shared.Next();

    /// <summary>Lines of the long runs.</summary>
    public static int Lines { get; } = Number("PIPELINE_FAULTS_LINES") ?? 1_000_000;

    /// <summary>How often a row does what it does; its own number unless one is set.</summary>
    public static int Repeat(int usual) => Number("PIPELINE_FAULTS_REPEAT") ?? usual;

    private static int? Number(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
