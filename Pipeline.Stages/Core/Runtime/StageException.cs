using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Core.Runtime;

/// <summary>An attempt cannot go on, for a reason that a person can read: it becomes the contract's Failure.</summary>
public sealed class StageException : Exception
{
    /// <summary>A failure of this stage.</summary>
    /// <param name="reason">Kind, one of <see cref="FailureReasons"/>.</param>
    /// <param name="message">What, where, and what to do.</param>
    /// <param name="retryable">True: another attempt may succeed without anybody's help.</param>
    /// <param name="inner">What caused it.</param>
    public StageException(string reason, string message, bool retryable = false, Exception? inner = null)
        : this(new Failure { Reason = reason, Message = message, Retryable = retryable }, inner)
    {
    }

    /// <summary>A failure as it came from below.</summary>
    public StageException(Failure failure, Exception? inner = null)
        : base(failure.Message, inner) => Failure = failure;

    /// <summary>As it goes up; the runtime fills in instance and role where they are empty.</summary>
    public Failure Failure { get; }
}

/// <summary>Kinds of failure.</summary>
public static class FailureReasons
{
    /// <summary>The run's options are wrong.</summary>
    public const string InvalidOptions = "invalid_options";

    /// <summary>The rules are wrong; the message lists every error with its position.</summary>
    public const string InvalidRules = "invalid_rules";

    /// <summary>The input does not exist, or may not or cannot be read.</summary>
    public const string InputUnreadable = "input_unreadable";

    /// <summary>The input is not what it was when the run started.</summary>
    public const string InputChanged = "input_changed";

    /// <summary>The compressed input is damaged or cut off.</summary>
    public const string InputCorrupt = "input_corrupt";

    /// <summary>The output may not or cannot be written.</summary>
    public const string OutputUnwritable = "output_unwritable";

    /// <summary>A file stands where the output is to go, and may not be replaced.</summary>
    public const string OutputExists = "output_exists";

    /// <summary>No space left.</summary>
    public const string DiskFull = "disk_full";

    /// <summary>What is stored of the run is damaged.</summary>
    public const string CheckpointCorrupt = "checkpoint_corrupt";

    /// <summary>A path lies outside the roots.</summary>
    public const string PathOutsideRoots = "path_outside_roots";

    /// <summary>A later attempt has taken over.</summary>
    public const string Fenced = "fenced";

    /// <summary>A hop cannot be reached, or fell silent.</summary>
    public const string Unreachable = "unreachable";

    /// <summary>A hop sent what the contract does not allow.</summary>
    public const string ProtocolViolation = "protocol_violation";

    /// <summary>The stage's process is stopping.</summary>
    public const string Stopping = "stopping";

    /// <summary>A defect in a stage.</summary>
    public const string Internal = "internal";
}
