using System.Text.RegularExpressions;

namespace Pipeline.Tests;

/// <summary>Files that others write, rename or delete are read so that Windows lets them.</summary>
public sealed partial class SharedReadTests
{
    // What nobody replaces while it is read: files of the kernel, of a test, a user's rules, and those that are created once.
    private static readonly string[] Exempt =
    [
        "CrashPoints.cs", "ListeningProcess.cs", "PartitionPlan.cs", "ProcessActivity.cs", "ProcessStatus.cs", "ReferenceCheck.cs", "ResourceProcesses.cs",
        "RunOptionSet.cs", "StorageIdentity.cs",
    ];

    [Fact]
    public void Reads_OfAllServices_ShareWritingAndDeleting() => Assert.DoesNotContain(
        PlatformCallTests.Sources,
        source => !source.Path.Contains($"{Path.DirectorySeparatorChar}bench{Path.DirectorySeparatorChar}", StringComparison.Ordinal)
            && !Exempt.Contains(Path.GetFileName(source.Path)) && ReadsAlone().IsMatch(source.Text));

    [GeneratedRegex(@"(?<![A-Za-z])File\.(OpenRead|OpenText|ReadAll\w+|ReadLines)\(|FileAccess\.Read, FileShare\.(Read\b|None)")]
    private static partial Regex ReadsAlone();
}
