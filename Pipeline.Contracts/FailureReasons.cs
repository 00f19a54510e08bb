namespace Pipeline.Contracts;

/// <summary>Kinds of failure: values of Failure.reason.</summary>
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

    /// <summary>The output, or a file that the run keeps, may not or cannot be written or read.</summary>
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

    /// <summary>A program that a bridge calls died, hangs or answers wrongly.</summary>
    public const string ProgramFailed = "program_failed";

    /// <summary>A defect in a stage.</summary>
    public const string Internal = "internal";

    /// <summary>Of the orchestrator: a stage does not accept the pipeline's key.</summary>
    public const string Unauthenticated = "unauthenticated";

    /// <summary>Of the orchestrator: a role has had no instance for too long.</summary>
    public const string NoRoute = "no_route";

    /// <summary>Of the orchestrator: a stage does not accept what the one before it emits.</summary>
    public const string RouteUnfit = "route_unfit";

    /// <summary>Of the orchestrator: attempts fail one after another, and none gets further.</summary>
    public const string NoProgress = "no_progress";

    /// <summary>Of the orchestrator: the run's state cannot be stored.</summary>
    public const string StoreUnwritable = "store_unwritable";
}
