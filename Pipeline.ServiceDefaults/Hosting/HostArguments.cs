namespace Pipeline.ServiceDefaults.Hosting;

/// <summary>What a host is told before its own command line.</summary>
public static class HostArguments
{
    /// <summary>
    /// Has the host read appsettings.json from a folder, and once. By itself it reads that of the working directory, which may be another program's, and
    /// watches all that is below for changes: in each process one of the few instances of inotify, and a watch for each directory.
    /// </summary>
    /// <param name="args">The command line.</param>
    /// <param name="folder">The folder; null: that of the program.</param>
    public static string[] WithSettingsOf(IEnumerable<string> args, string? folder = null) =>
        [$"--contentRoot={folder ?? AppContext.BaseDirectory}", "--hostBuilder:reloadConfigOnChange=false", .. args];
}
