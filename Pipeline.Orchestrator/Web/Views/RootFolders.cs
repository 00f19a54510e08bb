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

    /// <summary>The roots, with links resolved as in what is listed below them.</summary>
    public IReadOnlyList<string> Roots { get; } =
        [.. RootedPath.RootsOf(name => configuration[name]).Where(Directory.Exists).Select(RootedPath.TryResolve).OfType<string>().Distinct()];

    /// <summary>Subfolders and inputs of a folder below the roots, folders first.</summary>
    /// <exception cref="IOException">It lies elsewhere, or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be read.</exception>
    public IReadOnlyList<FolderEntry> List(string folder)
    {
        var resolved = RootedPath.Resolve(folder);
        if (!Roots.Any(root => SameFile.IsUnder(resolved, root)))
            throw new IOException($"{folder} lies under none of the folders that may be used");
        return
        [
            .. new DirectoryInfo(resolved).EnumerateFileSystemInfos().Select(EntryOf).OfType<FolderEntry>()
                .Take(MaxEntries)
                .OrderByDescending(entry => entry.IsFolder).ThenBy(entry => entry.Name, StringComparer.Ordinal),
        ];
    }

    // Null for what no run could read.
    private static FolderEntry? EntryOf(FileSystemInfo entry)
    {
        if (entry is DirectoryInfo)
            return InputNames.IsHidden(entry.Name) ? null : new FolderEntry(entry.FullName, entry.Name, IsFolder: true, 0);
        return InputNames.IsInput(entry.Name) && RootedPath.TryResolve(entry.FullName) is { } path && new FileInfo(path) is { Exists: true } file
            ? new FolderEntry(entry.FullName, entry.Name, IsFolder: false, file.Length)
            : null;
    }
}
