using Pipeline.Contracts;

namespace Pipeline.Files;

/// <summary>
/// Paths as the kernel would resolve them, and whether they lie under the roots that a stage was given. Path.GetFullPath is no
/// use here: it takes ".." out of the text before links are followed, and so may name another file than the one that opens.
/// </summary>
public static class RootedPath
{
    private const int MaxLinks = 40;

    // What lies there depends on the process that opens it (descriptors), or is made by the kernel as it is read.
    private static readonly string[] KernelFolders = ["/proc", "/sys", "/dev/fd"];
    private static readonly string[] StandardStreams = ["/dev/stdin", "/dev/stdout", "/dev/stderr"];

    private static readonly string[] WindowsDevices =
    [
        "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$",
        .. "0123456789\u00B9\u00B2\u00B3".SelectMany(number => new[] { $"COM{number}", $"LPT{number}" }),
    ];

    /// <summary>Environment variable of further roots, separated like PATH.</summary>
    public const string RootsVariable = "PIPELINE_ROOTS";

    /// <summary>Environment variable of the data directory.</summary>
    public const string DataVariable = "PIPELINE_DATA";

    /// <summary>The data directory of a process, as PIPELINE_DATA names it; "data" in the working directory where it names none.</summary>
    /// <param name="environment">Reads a variable of the environment.</param>
    public static string DataOf(Func<string, string?> environment) =>
        Path.GetFullPath(environment(DataVariable) is { Length: > 0 } data ? data : "data");

    /// <summary>The roots of a process: the working directory, the data directory (PIPELINE_DATA), and those of PIPELINE_ROOTS.</summary>
    /// <param name="environment">Reads a variable of the environment.</param>
    /// <returns>Absolute paths, each once.</returns>
    public static IReadOnlyList<string> RootsOf(Func<string, string?> environment) =>
    [
        .. (environment(RootsVariable) ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Prepend(DataOf(environment))
            .Prepend(Environment.CurrentDirectory)
            .Select(Path.GetFullPath)
            .Distinct(),
    ];

    /// <summary>Makes a path absolute without changing the file that it leads to. Links are resolved only where the path has "..".</summary>
    /// <param name="path">
    /// A path, from the working directory where it is relative; one that cannot be resolved is left for <see cref="Resolve"/> to refuse.
    /// </param>
    public static string MakeAbsolute(string path)
    {
        // Windows, too, removes ".." from the text before it follows links.
        if (OperatingSystem.IsWindows() || !path.Split(Path.DirectorySeparatorChar).Contains(".."))
            return Path.GetFullPath(path);

        var full = Path.Combine(Environment.CurrentDirectory, path);
        return TryResolve(full) is not { } resolved ? full
            : Path.EndsInDirectorySeparator(full) ? resolved + Path.DirectorySeparatorChar
            : resolved;
    }

    /// <summary>As <see cref="Resolve"/>; null where the path cannot be resolved.</summary>
    public static string? TryResolve(string path)
    {
        try
        {
            return Resolve(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Follows every link, "." and ".." of an absolute path. Parts that do not exist stay as they are.</summary>
    /// <exception cref="IOException">Too many links, a name that is not UTF-8, or the path means another file to each process that opens it.</exception>
    public static string Resolve(string path)
    {
        // .NET reads bytes that are not UTF-8 as U+FFFD, and would open or write another file by that name.
        if (path.Contains('\uFFFD', StringComparison.Ordinal))
            throw new IOException($"'{path}' has a name that is not UTF-8; rename it");

        var root = Path.GetPathRoot(path)!;
        if (OperatingSystem.IsWindows() && RefusalOfRootOnWindows(root) is { } device)
            throw new IOException(device);

        var parts = new Stack<string>();
        Push(parts, path[root.Length..]);
        var resolved = root;
        var links = 0;
        while (parts.TryPop(out var part))
        {
            if (part == "..")
            {
                resolved = Path.GetDirectoryName(resolved) ?? resolved;
                continue;
            }

            var candidate = Path.Join(resolved, part);
            RequireSameForAll(path, candidate);
            if (OperatingSystem.IsWindows() && RefusalOnWindows(part) is { } refusal)
                throw new IOException(refusal);

            var target = new FileInfo(candidate).LinkTarget;
            if (target is null)
            {
                resolved = candidate;
                continue;
            }

            if (++links > MaxLinks)
                throw new IOException($"Too many links in '{path}'.");

            if (Path.IsPathRooted(target))
            {
                resolved = Path.GetPathRoot(target)!;
                target = target[resolved.Length..];
            }

            Push(parts, target);
        }

        return resolved;
    }

    /// <summary>Resolves a path that must be absolute and lie under one of the roots.</summary>
    /// <param name="path">As it came with the run's options.</param>
    /// <param name="roots">Absolute; they are resolved as well.</param>
    /// <param name="what">What the path is, to begin a message with, such as "input".</param>
    /// <exception cref="StageException">It is not, or does not, or cannot be resolved.</exception>
    public static string Require(string path, IReadOnlyList<string> roots, string what)
    {
        if (path.Length == 0 || path.Contains('\0') || !Path.IsPathFullyQualified(path))
            throw new StageException(FailureReasons.InvalidOptions, $"{what} '{path}' is no absolute path.");

        try
        {
            var resolved = Resolve(path);
            if (SameFile.IsUnder(resolved, Resolve(AppContext.BaseDirectory)))
                throw new StageException(FailureReasons.PathOutsideRoots, $"{what} '{path}' lies in the folder of this program; name another folder.");

            if (roots.Any(root => SameFile.IsUnder(resolved, Resolve(root))))
                return resolved;

            var where = resolved == path ? "" : $" (which is '{resolved}')";
            var folder = Path.GetDirectoryName(resolved) ?? resolved;
            throw new StageException(
                FailureReasons.PathOutsideRoots,
                $"{what} '{path}'{where} lies under none of the folders that may be used: "
                + $"{string.Join(", ", roots.Select(root => $"'{root}'"))}. "
                + $"Restart the AppHost with {Shell.Current.Quote($"--Pipeline:Roots:0={folder}")}, "
                + $"or a stage that runs by itself with '{folder}' in PIPELINE_ROOTS.");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StageException(FailureReasons.InvalidOptions, $"{what} '{path}' cannot be resolved: {failure.Message}", inner: failure);
        }
    }

    /// <summary>Why what lies below a root is no file to Windows, which writes NUL as \\.\NUL; null where it may be one.</summary>
    internal static string? RefusalOfRootOnWindows(string root) =>
        root.StartsWith(@"\\.\", StringComparison.Ordinal) ? $"'{root}' is a device to Windows; name a file" : null;

    /// <summary>Why Windows would open something else than a file of this name; null where it would not.</summary>
    /// <remarks>See "Naming Files, Paths, and Namespaces" in the documentation of Windows.</remarks>
    internal static string? RefusalOnWindows(string part)
    {
        var name = part.Split('.')[0].TrimEnd();
        if (part.Contains(':'))
            return $"'{part}' names an alternate stream of a file, which does not appear in its folder; name a file of its own";

        if (part.EndsWith('.') || part.EndsWith(' '))
            return $"'{part}' ends in a dot or a space, which Windows drops; name it without";

        return WindowsDevices.Contains(name, StringComparer.OrdinalIgnoreCase) ? $"'{part}' is a device to Windows; name another file" : null;
    }

    // Checked on the way, since a link such as /dev/fd or /proc/self leads somewhere else in each process.
    private static void RequireSameForAll(string path, string candidate)
    {
        if (!OperatingSystem.IsWindows()
            && (StandardStreams.Contains(candidate, StringComparer.Ordinal)
                || KernelFolders.Any(folder => candidate == folder || candidate.StartsWith(folder + '/', StringComparison.Ordinal))))
        {
            throw new IOException($"'{candidate}' is not the same file to every process; copy the data to a file, or name a file for it");
        }
    }

    private static void Push(Stack<string> parts, string path)
    {
        var pieces = path.Split([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries);
        for (var index = pieces.Length - 1; index >= 0; index--)
        {
            if (pieces[index] != ".")
                parts.Push(pieces[index]);
        }
    }
}
