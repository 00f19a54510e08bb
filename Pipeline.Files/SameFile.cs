namespace Pipeline.Files;

/// <summary>Compares paths by the file or folder that they lead to, whatever links, case or other names they are written with.</summary>
public static class SameFile
{
    /// <summary>Whether two resolved paths are one file or folder. Of what is not there yet, folder and name are compared.</summary>
    public static bool Is(string one, string other) => Is(one, other, IdentityOf, NameComparison);

    /// <summary>Whether a resolved path is that folder or lies below it.</summary>
    public static bool IsUnder(string path, string folder) => IsUnder(path, folder, IdentityOf, NameComparison);

    /// <summary>The same with answers of another system.</summary>
    internal static bool Is(string one, string other, Func<string, FileIdentity?> identityOf, StringComparison names)
    {
        one = Path.TrimEndingDirectorySeparator(one);
        other = Path.TrimEndingDirectorySeparator(other);
        if (one == other)
            return true;

        var (first, second) = (identityOf(one), identityOf(other));
        if (first is not null || second is not null)
            return first == second;

        return Path.GetDirectoryName(one) is { } folder
            && Path.GetDirectoryName(other) is { } otherFolder
            && string.Equals(Path.GetFileName(one), Path.GetFileName(other), names)
            && Is(folder, otherFolder, identityOf, names);
    }

    /// <summary>The same with answers of another system.</summary>
    internal static bool IsUnder(string path, string folder, Func<string, FileIdentity?> identityOf, StringComparison names)
    {
        for (var at = path; at is not null; at = Path.GetDirectoryName(at))
        {
            if (Is(at, folder, identityOf, names))
                return true;
        }

        return false;
    }

    // Names of files that do not exist yet: as the default file systems of Windows and macOS compare them.
    private static StringComparison NameComparison =>
        OperatingSystem.IsWindows() || OperatingSystem.IsMacOS() ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;

    private static FileIdentity? IdentityOf(string path) => FileStatus.Of(path)?.Identity;
}
