using System.IO.Enumeration;
using System.Text;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;

namespace Pipeline.Files;

/// <summary>The files of the input, in the order of their paths as UTF-8 bytes, as they are now.</summary>
public sealed class InputCatalog
{
    /// <summary>Their entries travel in every checkpoint, which has to fit into one message.</summary>
    public const int MaxFiles = 50_000;

    /// <summary>Most skipped entries that are named.</summary>
    private const int MaxSkippedNames = 100;

    private const int MaxPathBytes = 8 * 1024 * 1024;
    private readonly List<string> _paths = [];

    private InputCatalog(bool isFolder) => IsFolder = isFolder;

    /// <summary>Whether the input is a folder, so that batches name their file.</summary>
    public bool IsFolder { get; }

    /// <summary>What each file is, without hash.</summary>
    public List<InputFile> Files { get; } = [];

    /// <summary>What lies in the folder and is not read; null where there is nothing.</summary>
    public SkippedFiles? Skipped { get; private init; }

    /// <summary>Where a file lies, links resolved.</summary>
    public string PathOf(int index) => _paths[index];

    /// <summary>Looks at a file or folder.</summary>
    /// <param name="input">Absolute, as it came with the run.</param>
    /// <param name="workFolder">The run's own folder: what lies in it is no input.</param>
    /// <param name="roots">Folders that may be read.</param>
    /// <exception cref="StageException">There is nothing to read, or it may not or cannot be read.</exception>
    public static InputCatalog Read(string input, string workFolder, IReadOnlyList<string> roots)
    {
        var resolved = RootedPath.Require(input, roots, "input");
        try
        {
            if (Directory.Exists(resolved))
                return ReadFolder(resolved, workFolder.Length == 0 ? workFolder : RootedPath.Resolve(workFolder), roots);

            var catalog = new InputCatalog(isFolder: false);
            catalog.Add(resolved, Path.GetFileName(input), input);
            return catalog;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Unreadable($"input '{input}' cannot be read: {failure.Message}", failure);
        }
    }

    /// <summary>Looks at some files of an input: those of a slice of a partitioned run. Of a folder no other file is looked at.</summary>
    /// <param name="input">Absolute, as it came with the run.</param>
    /// <param name="files">What they were when the run was planned; a single one where the input is a file.</param>
    /// <param name="roots">Folders that may be read.</param>
    /// <exception cref="StageException">They may not or cannot be read, or are not what they were.</exception>
    public static InputCatalog ReadSlice(string input, IReadOnlyList<InputFile> files, IReadOnlyList<string> roots)
    {
        var resolved = RootedPath.Require(input, roots, "input");
        if (!Directory.Exists(resolved))
        {
            var single = Read(input, "", roots);
            single.RequireSame(files);
            return single;
        }

        var slice = new InputCatalog(isFolder: true);
        foreach (var file in files)
        {
            var path = Path.Join(resolved, file.Path);
            try
            {
                slice.Add(RootedPath.Require(path, roots, "input"), file.Path, path);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                throw Unreadable($"'{path}' cannot be read: {failure.Message}", failure);
            }
            catch (StageException) when (!File.Exists(path) && !Directory.Exists(path))
            {
                throw Changed($"file '{file.Path}' is missing");
            }
        }

        slice.RequireSame(files);
        return slice;
    }

    /// <summary>Sees that these are the files that a run began with.</summary>
    /// <exception cref="StageException">They are not.</exception>
    public void RequireSame(IReadOnlyList<InputFile> files)
    {
        for (var index = 0; index < Math.Max(files.Count, Files.Count); index++)
        {
            var before = index < files.Count ? files[index] : null;
            var now = index < Files.Count ? Files[index] : null;
            var order = before is null ? 1 : now is null ? -1 : Utf8Order.Compare(before.Path, now.Path);
            var how = order switch
            {
                > 0 => $"file '{now!.Path}' was added to it",
                < 0 => $"file '{before!.Path}' is missing",
                _ when now!.Length < before!.Length => $"file '{now.Path}' had {before.Length} bytes and has {now.Length}",
                _ when now.Length == before.Length && now.ModifiedMicros != before.ModifiedMicros => $"file '{now.Path}' was written to",
                _ when now.Length > before.Length && IsOther(now.FileId, before) => $"another file has taken the place of '{now.Path}'",
                _ => null,
            };
            if (how is not null)
                throw Changed(how);
        }
    }

    /// <summary>Whether what lies at a path is another file than at the run's start; false where that is not known.</summary>
    public static bool IsOther(ulong id, InputFile before) => id != before.FileId && id != 0 && before.FileId != 0;

    /// <summary>What tells a file from another one of the same name, as it stands in checkpoints; 0 where it is not known.</summary>
    public static ulong IdOf(FileStatus? status) => (ulong)(status?.Identity.File ?? 0);

    /// <summary>A time of last write as it stands in checkpoints.</summary>
    public static long Micros(DateTime modified) => (modified.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;

    private static StageException Unreadable(string message, Exception? cause = null) => new(FailureReasons.InputUnreadable, message, inner: cause);

    private static StageException Changed(string how) =>
        new(FailureReasons.InputChanged, $"The input is not what it was when the run started: {how}. Start a new run.");

    /// <summary>
    /// Why a folder is no input; null where it, or a folder in it, holds a file that is read. A quick look, up to the first such file: what is
    /// large, or cannot be read whole, is left to <see cref="Read"/>.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="most">Files and folders that are looked at.</param>
    public static string? WhyNoInput(string folder, int most = 10_000)
    {
        var entries = new FileSystemEnumerable<bool>(folder, (ref entry) => IsInput(ref entry), Whole) { ShouldRecursePredicate = IsRead };
        try
        {
            return entries.Any(isInput => isInput || most-- == 0) ? null : NoInput(folder);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static InputCatalog ReadFolder(string folder, string workFolder, IReadOnlyList<string> roots)
    {
        var entries = new FileSystemEnumerable<(string Path, bool IsInput)>(folder, (ref entry) => (entry.ToFullPath(), IsInput(ref entry)), Whole)
        {
            ShouldRecursePredicate = (ref entry) => IsRead(ref entry) && !IsWorkFolder(ref entry),
            ShouldIncludePredicate = (ref entry) => !entry.IsDirectory || !IsRead(ref entry) && !IsWorkFolder(ref entry),
        };
        // By name. A folder may hold any number of entries: what is kept of them is bounded.
        var files = new SortedDictionary<string, string>(Comparer<string>.Create(Utf8Order.Compare));
        var skipped = new SortedSet<string>(files.Comparer);
        var (skippedCount, pathBytes) = (0L, 0);
        foreach (var (path, isInput) in entries)
        {
            var name = NameOf(path);
            if (isInput)
            {
                files[name] = path;
                pathBytes += Encoding.UTF8.GetByteCount(name);
                if (files.Count > MaxFiles || pathBytes > MaxPathBytes)
                    throw Unreadable($"'{folder}' holds more than {MaxFiles} files, or files with too long paths. Join some of them.");
            }
            else
            {
                skippedCount++;
                skipped.Add(name);
                if (skipped.Count > MaxSkippedNames)
                    skipped.Remove(skipped.Max!);
            }
        }

        if (files.Count == 0)
            throw Unreadable($"{NoInput(folder)}.");

        var catalog = new InputCatalog(isFolder: true)
        {
            Skipped = skippedCount == 0 ? null : new SkippedFiles { Count = skippedCount, Paths = { skipped } },
        };
        foreach (var (name, path) in files)
            catalog.Add(RootedPath.Require(path, roots, "input"), name, path);

        return catalog;

        string NameOf(string path) => Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/');

        bool IsWorkFolder(ref FileSystemEntry entry) => workFolder.Length > 0 && SameFile.Is(entry.ToFullPath(), workFolder);
    }

    private static string NoInput(string folder) => $"'{folder}' holds no *.ndjson, *.jsonl or *.json file, nor one of them with .gz";

    private static EnumerationOptions Whole => new() { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = false };

    private static bool IsInput(ref FileSystemEntry entry) => !entry.IsDirectory && InputNames.IsInput(entry.FileName);

    // Links to folders are not followed: they might lead in circles.
    private static bool IsRead(ref FileSystemEntry entry) =>
        entry.IsDirectory && (entry.Attributes & FileAttributes.ReparsePoint) == 0 && !InputNames.IsHidden(entry.FileName);

    private void Add(string path, string name, string written)
    {
        var told = written == path ? $"'{path}'" : $"'{written}' (which is '{path}')";
        var status = FileStatus.Of(path);
        if (status?.Special is { } kind)
            throw Unreadable($"{told} is {kind}: a run must be able to read its input again. Copy it to a file first.");

        var file = new FileInfo(path);
        if (!file.Exists)
            throw Unreadable($"input {told} {(Directory.Exists(path) ? "is a folder where a file was expected" : "does not exist")}.");

        using (var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete))
        {
            // To learn that it can be opened, before anything starts.
            if (file.Length == 0 && RandomAccess.Read(handle, stackalloc byte[1], 0) > 0)
                throw Unreadable($"{told} has content, but its length is 0: its file system does not tell it. Copy it to another one first.");
        }

        _paths.Add(path);
        Files.Add(new InputFile { Path = name, Length = file.Length, ModifiedMicros = Micros(file.LastWriteTimeUtc), FileId = IdOf(status) });
    }
}
