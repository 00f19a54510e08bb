using System.Text.RegularExpressions;

namespace Pipeline.Tests;

public sealed partial class ArchitecturePageTests
{
    private static IReadOnlyList<string> TestFiles { get; } =
    [
        .. Directory.EnumerateFiles(Path.Combine(Repository.Root, "Pipeline.Tests"), "*Tests.cs", SearchOption.AllDirectories)
            .Select(path => path.Replace('\\', '/')),
    ];

    [Fact]
    public void Table_EveryFile_IsThere()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "architecture.md"));
        var files = SourcePath().Matches(page).Select(match => match.Groups[1].Value).ToList();

        Assert.True(files.Count > 30, $"only {files.Count} files are named");
        Assert.All(files, file => Assert.True(File.Exists(Path.Combine(Repository.Root, file)), $"docs/architecture.md names {file}, which is not there"));
    }

    [Fact]
    public void Guarantees_EveryTestTheyName_IsThere()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "GUARANTEES.md"));
        var named = TestName().Matches(page).Select(match => (File: match.Groups[1].Value, Method: match.Groups[2].Value)).ToList();

        Assert.True(named.Count > 80, $"only {named.Count} tests are named");
        Assert.All(named, test => Assert.True(
            TestFiles.Any(path => path.EndsWith($"/{test.File}.cs", StringComparison.Ordinal)
                && (test.Method.Length == 0 || File.ReadAllText(path).Contains($" {test.Method}(", StringComparison.Ordinal))),
            $"docs/GUARANTEES.md names {test.File}.{test.Method}, which is not there"));
    }

    [Fact]
    public void TrackRecord_EveryTestItFilters_IsThere()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "track-record.md"));
        var named = FilteredTest().Matches(page).Select(match => match.Value).Distinct().ToList();
        var files = TestFiles.Select(Path.GetFileNameWithoutExtension).ToHashSet();

        Assert.True(named.Count > 5, $"only {named.Count} tests are named");
        Assert.All(named, name => Assert.Contains(name, files));
    }

    [GeneratedRegex(@"`([A-Z][A-Za-z]*(?:/[A-Za-z]+)*Tests)(?:\.([A-Za-z0-9_]+))?`")]
    private static partial Regex TestName();

    [GeneratedRegex(@"(?<=--filter [^`]*)\b[A-Z][A-Za-z]+Tests\b")]
    private static partial Regex FilteredTest();

    [GeneratedRegex(@"`(Pipeline\.[A-Za-z./]+\.cs)`")]
    private static partial Regex SourcePath();
}
