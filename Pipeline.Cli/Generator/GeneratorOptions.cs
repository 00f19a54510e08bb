using System.Buffers;
using System.Text.Unicode;

namespace Pipeline.Cli.Generator;

/// <summary>Who an event is from.</summary>
internal enum UserDistribution
{
    /// <summary>Every user as often.</summary>
    Uniform,

    /// <summary>Few users often, most seldom.</summary>
    Zipf,

    /// <summary>Uniform, with runs of 50 to 249 events of one user.</summary>
    Burst,
}

/// <summary>What lines are made.</summary>
internal enum Workload
{
    /// <summary>Events only.</summary>
    Events,

    /// <summary>Work items only.</summary>
    WorkItems,

    /// <summary>Both, by the work ratio.</summary>
    Mixed,
}

/// <summary>Size of a work item: vectors of 5, 10 or 20 values and a square matrix to match.</summary>
internal enum PayloadSize
{
    /// <summary>5 values, 5 repeats of the text.</summary>
    Small,

    /// <summary>10 values, 20 repeats of the text.</summary>
    Medium,

    /// <summary>20 values, 50 repeats of the text.</summary>
    Large,
}

/// <summary>What to generate. The same options give the same bytes on every machine.</summary>
internal sealed record GeneratorOptions
{
    /// <summary>Most lines, users: more than any machine has room for, and exact as a double.</summary>
    public const long MaxCount = 1_000_000_000_000;

    /// <summary>Longest name of a type, characters.</summary>
    public const int MaxTypeLength = 256;

    /// <summary>Milliseconds that one event moves the clock by at most.</summary>
    private const long MaxStepMillis = 1249;

    /// <summary>Lines.</summary>
    /// <value>0 to 10^12; default 100,000.</value>
    public long Count { get; init; } = 100_000;

    /// <summary>Users.</summary>
    /// <value>1 to 10^12; default 10,000.</value>
    public long Users { get; init; } = 10_000;

    /// <summary>Where the random numbers start; taken modulo 2^32.</summary>
    public long Seed { get; init; } = 42;

    /// <summary>Who an event is from.</summary>
    public UserDistribution Distribution { get; init; }

    /// <summary>What lines are made.</summary>
    public Workload Workload { get; init; }

    /// <summary>Share of work items in a mixed workload.</summary>
    /// <value>0 to 1; default 0.1.</value>
    public double WorkRatio { get; init; } = 0.1;

    /// <summary>Size of a work item.</summary>
    public PayloadSize Payload { get; init; } = PayloadSize.Medium;

    /// <summary>Types of events, each as likely.</summary>
    /// <value>At least one, none empty.</value>
    public IReadOnlyList<string> Types { get; init; } = ["click", "view", "purchase"];

    /// <summary>Clock before the first event.</summary>
    public DateTimeOffset Start { get; init; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>
    /// What is wrong beyond the ranges, which the options of the command line check: one sentence each, named as there; empty where nothing is.
    /// </summary>
    public IReadOnlyList<string> Validate()
    {
        var errors = new List<string>();
        Require(Types.All(type => type.Length is > 0 and <= MaxTypeLength), $"--types must be names of 1 to {MaxTypeLength} characters");
        Require(Types.All(IsWellFormed), "--types must be well-formed Unicode");
        // Work items have no time.
        var room = Workload == Workload.WorkItems ? double.PositiveInfinity : (DateTimeOffset.MaxValue - Start).TotalMilliseconds / MaxStepMillis;
        Require(Count <= room, $"--start {Start:yyyy-MM-dd} leaves room for {Math.Floor(room)} events before the year 10000, not for {Count}");
        return errors;

        void Require(bool holds, string error)
        {
            if (!holds)
                errors.Add(error);
        }
    }

    // Half of a surrogate pair has no UTF-8.
    private static bool IsWellFormed(string text) =>
        Utf8.FromUtf16(text, new byte[3 * text.Length], out _, out _, replaceInvalidSequences: false) == OperationStatus.Done;
}
