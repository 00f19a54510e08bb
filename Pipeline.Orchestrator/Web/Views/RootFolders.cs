using Pipeline.Files;

namespace Pipeline.Orchestrator.Web.Views;

/// <summary>An entry of a folder.</summary>
/// <param name="Path">Absolute.</param>
/// <param name="Name">Its name.</param>
/// <param name="IsFolder">Whether it has entries of its own.</param>
/// <param name="Length">Bytes; 0 for a folder.</param>
internal sealed record FolderEntry(string Path, string Name, bool IsFolder, long Length);

/// <summary>The folders that runs may read, for the picker of inputs.</summary>
/// <param name="configuration">Has PIPELINE_ROOTS.</param>
internal sealed class RootFolders(IConfiguration configuration)
{
    /// <summary>Entries of a folder that are listed at most.</summary>
    public const int MaxEntries = 1_000;

    /// <summary>The roots.</summary>
    public IReadOnlyList<string> Roots { get; } =
        [.. RootedPath.RootsOf(name => configuration[name]).Where(Directory.Exists)];

    /// <summary>Subfolders and inputs of a folder below the roots, folders first.</summary>
    /// <exception cref="IOException">It lies elsewhere, or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be read.</exception>
    public IReadOnlyList<FolderEntry> List(string folder)
    {
        var resolved = RootedPath.Resolve(folder);
        if (!Roots.Any(root => SameFile.IsUnder(resolved, RootedPath.Resolve(root))))
            throw new IOException($"{folder} lies under none of the folders that may be used");
        return
        [
            .. new DirectoryInfo(resolved).EnumerateFileSystemInfos()
                .Where(entry => entry is DirectoryInfo
                    ? !InputNames.IsHidden(entry.Name)
                    : InputNames.IsInput(entry.Name) && File.Exists(RootedPath.Resolve(entry.FullName)))
                .Take(MaxEntries)
                .Select(entry => new FolderEntry(
                    entry.FullName, entry.Name, entry is DirectoryInfo, entry is FileInfo ? new FileInfo(RootedPath.Resolve(entry.FullName)).Length : 0))
                .OrderByDescending(entry => entry.IsFolder).ThenBy(entry => entry.Name, StringComparer.Ordinal),
        ];
    }
}
