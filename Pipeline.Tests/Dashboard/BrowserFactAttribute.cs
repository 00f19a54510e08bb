namespace Pipeline.Tests.Dashboard;

/// <summary>A test in Chromium or Chrome: skipped where there is none, but not in CI, where it fails.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BrowserFactAttribute : FactAttribute
{
    private static readonly string[] Programs = ["chromium", "chromium-browser", "google-chrome", "Google Chrome", "chrome.exe"];

    public BrowserFactAttribute() => Skip = SkipReason;

    /// <summary>The browser's program; null where there is none on PATH.</summary>
    internal static string? Browser { get; } = (
        from program in Programs
        from folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        select Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    /// <summary>Why the tests are skipped; null where they are not.</summary>
    internal static string? SkipReason { get; } = Browser is null && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("CI"))
        ? $"needs a browser on PATH: {string.Join(", ", Programs)}"
        : null;
}
