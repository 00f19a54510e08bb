using Pipeline.Files;

namespace Pipeline.AppHost.Runs;

/// <summary>Finds wrong paths before anything is started; the stages check again what they open.</summary>
internal static class RunFiles
{
    /// <exception cref="PipelineException">The input cannot be read, or the output cannot be written: a line for each.</exception>
    public static void Check(PipelineCommand command)
    {
        var errors = new[]
        {
            command.Input is { } input ? WhyUnreadable(input) : null,
            command.Output is { } output ? WhyUnwritable(output) : null,
        }.OfType<string>().ToList();
        if (errors.Count > 0)
            throw new PipelineException(string.Join('\n', errors));
    }

    private static string? WhyUnreadable(string input)
    {
        if (Directory.Exists(input))
            return null;
        if (!File.Exists(input))
            return $"input '{input}' does not exist";
        try
        {
            // A pipe would block until a writer opens it, and has no length; the stage tells what it thinks of one.
            if (new FileInfo(input).Length > 0)
                SharedFile.OpenRead(input).Dispose();
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return $"input '{input}' cannot be read: {exception.Message}";
        }
    }

    private static string? WhyUnwritable(string output)
    {
        var directory = Path.GetDirectoryName(output);
        if (Directory.Exists(output) || directory is null)
            return $"output '{output}' is a directory; it must be a file";
        if (!Directory.Exists(directory))
            return $"output '{output}' cannot be written: its directory does not exist";
        try
        {
            var trial = Path.Combine(directory, $".{Path.GetRandomFileName()}");
            using (new FileStream(trial, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose))
                return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return $"output '{output}' cannot be written: {exception.Message}";
        }
    }
}
