using Pipeline.Files;

namespace Pipeline.AppHost.Runs;

/// <summary>Finds wrong paths before anything is started; the stages check again what they open.</summary>
internal static class RunFiles
{
    /// <exception cref="PipelineException">The input cannot be read, or the output cannot be written.</exception>
    public static void Check(PipelineCommand command)
    {
        if (command.Input is { } input)
            CheckInput(input);
        if (command.Output is { } output)
            CheckOutput(output);
    }

    private static void CheckInput(string input)
    {
        if (Directory.Exists(input))
            return;
        if (!File.Exists(input))
            throw new PipelineException($"input '{input}' does not exist");
        try
        {
            // A pipe would block until a writer opens it, and has no length; the stage tells what it thinks of one.
            if (new FileInfo(input).Length > 0)
                SharedFile.OpenRead(input).Dispose();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new PipelineException($"input '{input}' cannot be read: {exception.Message}");
        }
    }

    private static void CheckOutput(string output)
    {
        var directory = Path.GetDirectoryName(output);
        if (Directory.Exists(output) || directory is null)
            throw new PipelineException($"output '{output}' is a directory; it must be a file");
        if (!Directory.Exists(directory))
            throw new PipelineException($"output '{output}' cannot be written: its directory does not exist");
        try
        {
            var trial = Path.Combine(directory, $".{Path.GetRandomFileName()}");
            using (new FileStream(trial, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose))
                return;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new PipelineException($"output '{output}' cannot be written: {exception.Message}");
        }
    }
}
