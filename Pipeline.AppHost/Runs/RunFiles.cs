using Pipeline.AppHost.Configuration;
using Pipeline.Files;

namespace Pipeline.AppHost.Runs;

/// <summary>Finds wrong paths before anything is started; the stages check again what they open.</summary>
internal static class RunFiles
{
    /// <summary>Why the input cannot be read, and why the output cannot be written; empty where both can.</summary>
    public static IEnumerable<string> ErrorsOf(PipelineCommand command)
    {
        if (PipelineDirectories.WhyNoRoot(PipelineDirectories.FolderOf(command.Input)) is { } noRoot)
            yield return $"--input {noRoot}";
        else if (command.Input is { } input && WhyUnreadable(input) is { } unreadable)
            yield return $"--input: {unreadable}";
        if (command.Output is { } output && WhyUnwritable(output) is { } unwritable)
            yield return $"--output {unwritable}";
    }

    private static string? WhyUnreadable(string input)
    {
        if (Directory.Exists(input))
            return null;
        if (!File.Exists(input))
            return $"there is no file or directory {input}";
        try
        {
            // A pipe would block until a writer opens it, and has no length; the stage tells what it thinks of one.
            if (new FileInfo(input).Length > 0)
                SharedFile.OpenRead(input).Dispose();
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return $"{input} cannot be read: {exception.Message}";
        }
    }

    private static string? WhyUnwritable(string output)
    {
        if ((PipelineDirectories.WhyNoRoot(Path.GetDirectoryName(output)) ?? OutputPath.WhyNot(output, withRejects: true)) is { } reason)
            return reason;
        try
        {
            var trial = Path.Combine(Path.GetDirectoryName(output)!, $".{Path.GetRandomFileName()}");
            using (new FileStream(trial, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose))
                return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return $"cannot be {output}: {exception.Message}";
        }
    }
}
