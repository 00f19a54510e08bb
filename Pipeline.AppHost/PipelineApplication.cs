using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Pipeline.AppHost.Configuration;
using Pipeline.AppHost.Runs;
using Pipeline.AppHost.Supervision;
using Pipeline.Client.Runs;
using Pipeline.Files;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.AppHost;

/// <summary>Runs the AppHost: from the command line to the exit code.</summary>
internal static class PipelineApplication
{
    private const int Failure = 1;
    private const int Misuse = 2;

    /// <summary>How long processes may take to stop, before they are killed.</summary>
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Runs until Ctrl-C or the console is closed, or until the run is made that <c>--exit</c> asks for.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="describe">Describes the application.</param>
    /// <returns>
    /// 0; 1 where something failed, 2 where the command line is wrong, 130 where Ctrl-C ended a run that <c>--exit</c> waits for: then
    /// standard error says what.
    /// </returns>
    public static async Task<int> RunAsync(string[] args, Func<PipelineCommand, DistributedApplication> describe)
    {
        // Its results are files, and its exit code tells how it ended.
        StandardStreams.Guard(outputMatters: false);
        try
        {
            // `aspire run` starts the AppHost in its project's folder: then paths are meant from the folder above, where the user is.
            if (SameFile.Is(Environment.CurrentDirectory, Projects.Pipeline_AppHost.ProjectPath))
                Environment.CurrentDirectory = Path.GetDirectoryName(Environment.CurrentDirectory)!;
            var command = PipelineCommand.Parse(args);
            if (command is { Help: true, Errors.Count: 0 })
            {
                Console.WriteLine(PipelineCommand.Usage);
                return 0;
            }

            // Reported with the errors of the settings, which are read while the application is described.
            command = command with { Errors = [.. command.Errors, .. RunFiles.ErrorsOf(command)] };
            var application = describe(command);
            if (command.Publishes)
            {
                await PublishAsync(application);
                return 0;
            }

            var directories = application.Services.GetRequiredService<PipelineDirectories>();
            using var reserved = directories.Lock;
            PortCheck.Check(application.Services);
            var outcome = application.Services.GetRequiredService<RunOutcome>();
            var processes = application.Services.GetRequiredService<ResourceProcesses>();
            var lost = application.Services.GetRequiredService<SupervisionOutcome>().Lost;
            using var hangUp = new HangUp(application.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication);
            var running = application.RunAsync();
            if (await Task.WhenAny(running, lost) == lost)
                return await FailAsync(Failure, $"Aspire's control plane (dcp) is gone, and all processes were ended{HowToResume(command, directories.Data)}");
            try
            {
                await using (application)
                    await running;
            }
            finally
            {
                await processes.EndAsync(EndTimeout);
            }

            return outcome.ExitCode;
        }
        catch (UsageException exception)
        {
            return await FailAsync(Misuse, exception.Message);
        }
        catch (OptionsValidationException exception)
        {
            return await FailAsync(Failure, [.. exception.Failures]);
        }
        catch (Exception exception) when (exception is PipelineException or DistributedApplicationException
            or IOException or InvalidDataException or UnauthorizedAccessException)
        {
            return await FailAsync(Failure, exception.Message);
        }
    }

    private static string HowToResume(PipelineCommand command, string data) => string.Concat(
        StoredRuns.All(data).Where(run => run.State.IsActive()).Select(run => $"; resume run {run.Id} with: {command.ToResume(run.Id)}"));

    // A step that fails stops the host, and is not thrown.
    private static async Task PublishAsync(DistributedApplication application)
    {
        await using (application)
        {
            var background = application.Services.GetServices<IHostedService>().OfType<BackgroundService>().ToList();
            await application.RunAsync();
            foreach (var service in background)
            {
                if (service.ExecuteTask is { IsFaulted: true } failed)
                    await failed;
            }
        }
    }

    private static async Task<int> FailAsync(int exitCode, params string[] reasons)
    {
        foreach (var line in reasons.SelectMany(reason => reason.Split('\n')))
            await Console.Error.WriteLineAsync($"error: {line}");
        return exitCode;
    }
}

/// <summary>What went wrong, in words for the user; said in one line, without a stack trace.</summary>
internal class PipelineException(string message) : Exception(message);

/// <summary>The command line is wrong: a line for each error.</summary>
internal sealed class UsageException(IEnumerable<string> errors) : PipelineException(string.Join('\n', errors));
