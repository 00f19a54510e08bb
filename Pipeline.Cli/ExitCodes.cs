using System.Net;
using Pipeline.Client.Runs;
using Pipeline.Contracts;

namespace Pipeline.Cli;

/// <summary>Exit codes; docs/cli.md lists them.</summary>
internal static class ExitCodes
{
    /// <summary>Done.</summary>
    public const int Ok = 0;

    /// <summary>The run failed, or what was asked for could not be done.</summary>
    public const int Failed = 1;

    /// <summary>Wrong options.</summary>
    public const int Usage = 2;

    /// <summary>No pipeline is up.</summary>
    public const int NoPipeline = 3;

    /// <summary>Ctrl-C.</summary>
    public const int Interrupted = 130;

    /// <summary>Of a command that ended with this exception.</summary>
    public static int Of(Exception error) => error switch
    {
        CliException cli => cli.ExitCode,
        RunsApiException { Status: null } => NoPipeline,
        RunsApiException { Status: HttpStatusCode.BadRequest or HttpStatusCode.NotFound } => Usage,
        _ => Failed,
    };

    /// <summary>Of a run that failed for this reason: what a stage refuses of its options and rules is as wrong as what is refused here.</summary>
    public static int Of(string reason) => reason is FailureReasons.InvalidOptions or FailureReasons.InvalidRules ? Usage : Failed;
}

/// <summary>Something went wrong that a person is told in one line.</summary>
internal sealed class CliException(int exitCode, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Of the program.</summary>
    public int ExitCode { get; } = exitCode;
}
