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
    private const int Interrupted = 130;

    /// <summary>How long processes may take to stop, before they are killed.</summary>
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(5);

    /// <summary>How long the drain of runs, and then Aspire's own stop, may take together.</summary>
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(12);

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

            return await ServeAsync(application, command);
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

    private static async Task<int> ServeAsync(DistributedApplication application, PipelineCommand command)
    {
        var directories = application.Services.GetRequiredService<PipelineDirectories>();
        using var reserved = directories.Lock;
        PortCheck.Check(application.Services);
        var outcome = application.Services.GetRequiredService<RunOutcome>();
        var processes = application.Services.GetRequiredService<ResourceProcesses>();
        var lost = application.Services.GetRequiredService<SupervisionOutcome>().Lost;
        var lifetime = application.Services.GetRequiredService<IHostApplicationLifetime>();
        using var hangUp = new HangUp(lifetime.StopApplication);
        var overdue = OverdueAsync(lifetime.ApplicationStopping);
        var running = RunAsync(application, processes, lifetime.ApplicationStopping);
        var first = await Task.WhenAny(running, lost, overdue);
        var resume = () => HowToResume(command, directories.Data);
        if (first == lost)
            return await FailAsync(Failure, $"Aspire's control plane (dcp) is gone, and all processes were ended{resume()}");
        try
        {
            await first;
        }
        finally
        {
            await processes.EndAsync(EndTimeout);
        }

        if (!command.Exit)
            return 0;
        return outcome.ExitCode ?? await FailAsync(Interrupted, $"interrupted{resume()}");
    }

    private static async Task RunAsync(DistributedApplication application, ResourceProcesses processes, CancellationToken stopping)
    {
        try
        {
            await application.StartAsync(CancellationToken.None);
        }
        catch (Exception exception) when (stopping.IsCancellationRequested && IsCancellation(exception))
        {
            // Ctrl-C before all resources were created. Before the first one was, Aspire would wait for its control plane to come up in
            // order to stop it; it ends with this process anyway.
            if (processes.IsEmpty)
                return;
        }

        await application.WaitForShutdownAsync(CancellationToken.None);
        await application.DisposeAsync();
    }

    // Aspire waits for its control plane while it stops: where that hangs, half a minute for each call.
    private static async Task OverdueAsync(CancellationToken stopping)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (stopping.Register(asked.SetResult))
            await asked.Task;
        await Task.Delay(StopTimeout, CancellationToken.None);
        await Console.Error.WriteLineAsync($"Aspire did not stop within {StopTimeout.TotalSeconds} s; what is left of its processes is killed");
    }

    // The host starts its services at the same time, and tells of all that did not.
    private static bool IsCancellation(Exception exception) => exception is OperationCanceledException
        || (exception is AggregateException { InnerExceptions: var all } && all.All(IsCancellation));

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
