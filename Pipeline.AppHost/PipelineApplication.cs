using System.Runtime.ExceptionServices;
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
    /// <summary>Exit code: something failed.</summary>
    public const int Failure = 1;

    /// <summary>Exit code: the run was interrupted; as shells tell of SIGINT.</summary>
    public const int Interrupted = 130;

    private const int Misuse = 2;

    /// <summary>Variable that the Aspire CLI sets: its process id.</summary>
    private const string AspireCli = "ASPIRE_CLI_PID";

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
            if (Environment.GetEnvironmentVariable(AspireCli) is not null && SameFile.Is(Environment.CurrentDirectory, Projects.Pipeline_AppHost.ProjectPath))
                Environment.CurrentDirectory = Path.GetDirectoryName(Environment.CurrentDirectory)!;
            var command = PipelineCommand.Parse(args)
                .StartedFrom(Environment.CurrentDirectory, Projects.Pipeline_AppHost.ProjectPath, Environment.GetEnvironmentVariable);
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
        catch (Exception exception)
        {
            return await FailAsync(Failure, [.. ReasonsOf(exception)]);
        }
    }

    private static IEnumerable<string> ReasonsOf(Exception exception) => exception switch
    {
        // The host starts its services concurrently, and throws what they have thrown together.
        AggregateException several => several.InnerExceptions.SelectMany(ReasonsOf),
        OptionsValidationException invalid => invalid.Failures,
        PipelineException or DistributedApplicationException or InvalidOperationException or IOException or InvalidDataException
            or UnauthorizedAccessException => [exception.Message],
        _ => [exception.ToString()],
    };

    private static async Task<int> ServeAsync(DistributedApplication application, PipelineCommand command)
    {
        var directories = application.Services.GetRequiredService<PipelineDirectories>();
        using var reserved = directories.Lock;
        await PortCheck.CheckAsync(application.Services, directories.Lock?.IsOfKilled == true);
        if (WhyNotFound(application.Services.GetRequiredService<PipelineOptions>()) is { } taken)
            await Console.Error.WriteLineAsync($"warning: commands in another terminal will not find this pipeline: {taken}");
        var outcome = application.Services.GetRequiredService<SupervisionOutcome>();
        var processes = application.Services.GetRequiredService<ResourceProcesses>();
        var lifetime = application.Services.GetRequiredService<IHostApplicationLifetime>();
        var failure = new BackgroundFailure(application.Services);
        var began = DateTimeOffset.UtcNow;
        using var hangUp = new HangUp(lifetime.StopApplication);
        var overdue = OverdueAsync(lifetime.ApplicationStopping);
        var running = StartAndStopAsync(application, processes, lifetime.ApplicationStopping);
        var first = await Task.WhenAny(running, outcome.Lost, overdue);
        if (first == outcome.Lost)
            return await FailAsync(Failure, $"Aspire's control plane (dcp) is gone, and all processes were ended{ActiveRuns()}");

        if (first == overdue)
            await Console.Error.WriteLineAsync($"Aspire did not stop within {StopTimeout.TotalSeconds} s; what is left of the pipeline is killed");
        try
        {
            await first;
        }
        finally
        {
            await processes.EndAsync(first == overdue ? TimeSpan.Zero : EndTimeout);
        }

        if (await failure.Cause is { } exception)
            return await FailAsync(Failure, $"the AppHost failed, and all processes were ended: {exception.Message}{ActiveRuns()}");
        if (!command.Exit)
        {
            // Those of other clients: the run of this command line has said so itself.
            if (HowToResume(command, directories.Data, run => run.State == RunState.Interrupted && run.Updated >= began, began) is { Length: > 0 } others)
                await Console.Error.WriteLineAsync($"stopped{others}");
            return 0;
        }

        var own = HowToResume(
            command, directories.Data, run => (run.Id == command.Resume || run.Created >= began) && run.State != RunState.Completed);
        if (outcome.ExitCode is not { } code)
            return await FailAsync(Interrupted, $"interrupted{own}");
        // The process that follows the run says so itself, unless it was killed.
        if (own.Length > 0 && outcome.RunWasKilled)
            await FailAsync(code, $"the run is not over{own}");
        return code;

        string ActiveRuns() => HowToResume(command, directories.Data, run => run.State.IsActive());
    }

    // Why the orchestrator will not write the endpoint file; it says so itself, but only in its log.
    private static string? WhyNotFound(PipelineOptions settings)
    {
        try
        {
            return EndpointFile.WhyTaken(EndpointFile.PathIn(name => settings.Services["orchestrator"].Environment.GetValueOrDefault(name)
                ?? settings.Environment.GetValueOrDefault(name) ?? Environment.GetEnvironmentVariable(name)));
        }
        catch (InvalidDataException exception)
        {
            return exception.Message;
        }
    }

    private static async Task StartAndStopAsync(DistributedApplication application, ResourceProcesses processes, CancellationToken stopping)
    {
        var nothingRuns = false;
        try
        {
            await StartAsync(application, stopping);
            // Stop and disposal would wait for a control plane that is not up yet, in order to stop it. It ends when this process does.
            nothingRuns = stopping.IsCancellationRequested && processes.IsEmpty;
            if (!nothingRuns)
                await application.WaitForShutdownAsync(CancellationToken.None);
        }
        finally
        {
            if (!nothingRuns)
                await application.DisposeAsync();
        }
    }

    // Returns also where Ctrl-C has cancelled the start.
    private static async Task StartAsync(DistributedApplication application, CancellationToken stopping)
    {
        try
        {
            await application.StartAsync(CancellationToken.None);
        }
        catch (Exception exception) when (stopping.IsCancellationRequested && IsCancellation(exception))
        {
            // The ordinary stop follows.
        }
    }

    // Completes when a stop has taken too long: Aspire waits half a minute for each call to a control plane that hangs.
    private static async Task OverdueAsync(CancellationToken stopping)
    {
        await Task.Delay(Timeout.Infinite, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.Delay(StopTimeout, CancellationToken.None);
    }

    // The host starts its services concurrently and throws their errors together; a call that was cut off may fail in another way.
    private static bool IsCancellation(Exception exception) => exception is OperationCanceledException
        || (exception is AggregateException { InnerExceptions: var all } && all.Any(IsCancellation));

    private static string HowToResume(PipelineCommand command, string data, Func<Run, bool> isMeant, DateTimeOffset? since = null) => string.Concat(
        StoredRuns.All([data], since).Where(isMeant).Select(run => $"; resume run {run.Id} with: {command.ToResume(run.Id)}"));

    // A step that fails stops the host, and is not thrown.
    private static async Task PublishAsync(DistributedApplication application)
    {
        await using (application)
        {
            var failure = new BackgroundFailure(application.Services);
            await application.RunAsync();
            if (await failure.Cause is { } exception)
                ExceptionDispatchInfo.Throw(exception);
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
