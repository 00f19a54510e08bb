namespace Pipeline.Files;

/// <summary>Where a file is to be written.</summary>
public static class OutputPath
{
    /// <summary>Why no file can be written there, as far as that can be seen without writing; null where nothing is found.</summary>
    /// <param name="path">An absolute path.</param>
    /// <param name="withRejects">Whether the rejects of a run are written beside it.</param>
    /// <returns>A reason to be read after the option's name, such as "must be a file, not the directory /tmp".</returns>
    public static string? WhyNot(string path, bool withRejects)
    {
        if (OutputFiles.IsOtherwiseCompressed(path))
            return $"must end in .gz or in no other compression's extension, not {Path.GetExtension(path)}";
        if (Path.GetDirectoryName(path) is { } folder && !Directory.Exists(folder))
            return $"must lie in a directory that exists: {folder} is none, or may not be read";
        if (Directory.Exists(path))
            return $"must be a file, not the directory {path}";
        return withRejects && OutputFiles.Of(path).Rejects is var rejects && Directory.Exists(rejects)
            ? $"cannot have its rejects beside it: {rejects} is a directory"
            : null;
    }
}
