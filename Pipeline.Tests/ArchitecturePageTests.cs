using System.Text.RegularExpressions;

namespace Pipeline.Tests;

public sealed partial class ArchitecturePageTests
{
    [Fact]
    public void Table_EveryFile_IsThere()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "architecture.md"));
        var files = SourcePath().Matches(page).Select(match => match.Groups[1].Value).ToList();

        Assert.True(files.Count > 30, $"only {files.Count} files are named");
        Assert.All(files, file => Assert.True(File.Exists(Path.Combine(Repository.Root, file)), $"docs/architecture.md names {file}, which is not there"));
    }

    [GeneratedRegex(@"`(Pipeline\.[A-Za-z./]+\.cs)`")]
    private static partial Regex SourcePath();
}
