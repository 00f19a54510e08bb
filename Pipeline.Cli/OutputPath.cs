using Pipeline.Files;

namespace Pipeline.Cli;

/// <summary>Where a command is to write a file.</summary>
internal static class OutputPath
{
    /// <summary>Why no file can be written there, as far as that is seen before anything is done; null where nothing is seen.</summary>
    /// <param name="path">An absolute path.</param>
    /// <param name="withRejects">Whether the rejects of a run are written beside it.</param>
    public static string? WhyNot(string path, bool withRejects)
    {
        if (OutputFiles.IsOtherwiseCompressed(path))
            return $"must end in .gz or in no other compression's extension, not {Path.GetExtension(path)}";
        if (Path.GetDirectoryName(path) is { } folder && !Directory.Exists(folder))
            return $"there is no directory {folder}";
        if (Directory.Exists(path))
            return $"{path} is a directory";
        return withRejects && OutputFiles.Of(path).Rejects is var rejects && Directory.Exists(rejects)
            ? $"the rejects beside it would be {rejects}, which is a directory"
            : null;
    }
}
