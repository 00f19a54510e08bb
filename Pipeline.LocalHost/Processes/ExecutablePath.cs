namespace Pipeline.LocalHost.Processes;

/// <summary>Finds programs as a shell does, so that a wrong name is known before anything is started.</summary>
internal static class ExecutablePath
{
    /// <summary>Finds a program.</summary>
    /// <param name="command">A path, or a name to be found on PATH.</param>
    /// <param name="workingDirectory">What a relative path is relative to.</param>
    /// <returns>A full path, or none.</returns>
    public static string? Find(string command, string? workingDirectory = null)
    {
        if (command.Contains('/') || Path.IsPathRooted(command))
            return WithExtension(Path.GetFullPath(command, workingDirectory ?? Environment.CurrentDirectory));

        var path = Environment.GetEnvironmentVariable("PATH") ?? "";
        return path.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(directory => WithExtension(Path.Combine(directory, command)))
            .FirstOrDefault(found => found is not null);
    }

    private static string? WithExtension(string path)
    {
        if (!OperatingSystem.IsWindows())
            return File.Exists(path) && IsExecutable(path) ? path : null;
        return new[] { "", ".exe", ".cmd", ".bat" }.Select(extension => path + extension).FirstOrDefault(File.Exists);
    }

    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    private static bool IsExecutable(string path) =>
        (File.GetUnixFileMode(path) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0;
}
