using Pipeline.AppHost.Configuration;
using Pipeline.Client.Runs;
using Pipeline.Files;

namespace Pipeline.AppHost.Runs;

/// <summary>Finds wrong paths before anything is started; the stages check again what they open.</summary>
internal static class RunFiles
{
    /// <summary>Why the input cannot be read, and why the output cannot be written; empty where both can.</summary>
    public static IEnumerable<string> ErrorsOf(PipelineCommand command)
    {
        var errors = RunSettingsCheck.Check(new RunSettings { Input = command.Input, Output = command.Output });
        if (command.Input is { } input
            && (PipelineDirectories.WhyNoRoot(PipelineDirectories.FolderOf(input)) ?? Of("input") ?? WhyUnreadable(input)) is { } unreadable)
        {
            yield return $"--input {unreadable}";
        }

        if (command.Output is { } output
            && (PipelineDirectories.WhyNoRoot(Path.GetDirectoryName(output)) ?? Of("output") ?? WhyUnwritable(output)) is { } unwritable)
        {
            yield return $"--output {unwritable}";
        }

        string? Of(string field) => errors.FirstOrDefault(error => error.Field == field)?.Message;
    }

    private static string? WhyUnreadable(string input)
    {
        try
        {
            // A pipe would block until a writer opens it, and has no length; the stage tells what it thinks of one.
            if (!Directory.Exists(input) && new FileInfo(input).Length > 0)
                SharedFile.OpenRead(input).Dispose();
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return $"cannot be read: {exception.Message}";
        }
    }

    private static string? WhyUnwritable(string output)
    {
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
