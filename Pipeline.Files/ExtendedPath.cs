namespace Pipeline.Files;

/// <summary>
/// Paths as calls of Windows take them that are longer than 260 characters: .NET writes them so for its own calls, not for those of
/// this project. See "Maximum Path Length Limitation" in the documentation of Windows.
/// </summary>
internal static class ExtendedPath
{
    private const string Prefix = @"\\?\";

    /// <summary>The same file without a limit of length.</summary>
    /// <param name="path">Absolute and normalized: Windows takes what follows the prefix as it is.</param>
    public static string Of(string path) =>
        path.StartsWith(Prefix, StringComparison.Ordinal) || path.StartsWith(@"\\.\", StringComparison.Ordinal) ? path
        : path.StartsWith(@"\\", StringComparison.Ordinal) ? $@"{Prefix}UNC\{path[2..]}"
        : Prefix + path;
}
