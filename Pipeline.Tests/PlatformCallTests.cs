using System.Text.RegularExpressions;

namespace Pipeline.Tests;

/// <summary>What the sources call of a system itself, how long their lines are, and where braces stand.</summary>
public sealed partial class PlatformCallTests
{
    private const int MaxLineLength = 160;

    internal static readonly (string Path, string Text)[] Sources =
    [
        .. Directory.EnumerateDirectories(Repository.Root, "Pipeline.*").Append(Path.Combine(Repository.Root, "bench"))
            .Where(folder => !folder.EndsWith("Pipeline.Tests", StringComparison.Ordinal))
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
            .Where(path => !path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .Select(path => (path, File.ReadAllText(path))),
    ];

    [Fact]
    public void PlatformCalls_OfAllSources_StandInFourFilesWithTheReason()
    {
        var files = Sources.Where(source => source.Text.Contains("[LibraryImport(", StringComparison.Ordinal)
            || source.Text.Contains("[DllImport(", StringComparison.Ordinal)).ToList();

        Assert.Equal(
            ["DurableFiles.cs", "FileStatus.cs", "MappedMemory.cs", "ProcessIdentity.cs"],
            files.Select(file => Path.GetFileName(file.Path)).Order(StringComparer.Ordinal));
        Assert.All(files, file => Assert.Matches(@"latform\s+(///\s+)?calls? because", file.Text));
    }

    [Fact]
    public void Sources_OfAllSystems_AreCompiledAlikeAndNotExempted() =>
        Assert.DoesNotContain(
            Sources, source => source.Text.Contains("#if ", StringComparison.Ordinal) || source.Text.Contains("CA1416", StringComparison.Ordinal));

    [Fact]
    public void Lines_OfAllSources_HaveAtMost160Characters() =>
        Assert.All(Sources, source => Assert.DoesNotContain(source.Text.Split('\n'), line => line.TrimEnd('\r').Length > MaxLineLength));

    [Fact]
    public void Statements_OfOneLine_HaveNoBraces() =>
        Assert.All(Sources, source => Assert.DoesNotMatch(BracedLine(), source.Text.ReplaceLineEndings("\n")));

    // Where no else follows, and but for declarations, which need them, and statements that have a body themselves.
    [GeneratedRegex(
        @"^( +)(if|for|foreach|while) \(.*\)\n\1\{\n"
            + @"\1    (?!(using|await using|var|const|ref|if|for|foreach|while|do|switch|lock|try)\b|//| ).*;\n\1\}\n(?! *else)",
        RegexOptions.Multiline)]
    private static partial Regex BracedLine();
}
