using System.Text.Json.Serialization;
using Pipeline.Contracts.V1;
using Pipeline.Files;

namespace Pipeline.Client.Runs;

/// <summary>All that is known of a run: what run.json holds, and what the HTTP API answers.</summary>
public sealed record Run
{
    /// <summary>Attempts that the history keeps; older ones are forgotten, their sums are not.</summary>
    public const int MaxHistory = 100;

    /// <summary>Sorts by time: 20260101-120000-ab12, UTC.</summary>
    public required string Id { get; init; }

    /// <summary>Where it stands.</summary>
    public RunState State { get; init; }

    /// <summary>Roles without a usable instance and, after a semicolon, what can be done; null unless it waits for them.</summary>
    public string? WaitingFor { get; init; }

    /// <summary>The state in which it is to rest once it has drained; null where nobody has asked it to stop.</summary>
    public RunState? StopRequested { get; init; }

    /// <summary>Set while its attempt makes no progress.</summary>
    public RunStall? Stall { get; init; }

    /// <summary>What carries out each role: what it began with, or what was allowed to take over. Empty before the first attempt.</summary>
    /// <remarks>Of a partitioned run whose options allow upgrades, all that took part.</remarks>
    public IReadOnlyList<Implementation> Implementations { get => field ?? []; init; } = [];

    /// <summary>Whether its next attempt may go through other implementations; from then on it keeps to those.</summary>
    public bool UpgradeAllowed { get; init; }

    /// <summary>Attempts so far: the number of the latest.</summary>
    public long Attempts { get; init; }

    /// <summary>Times that a machine of a cluster took it over since it last got further.</summary>
    public int Takeovers { get; init; }

    /// <summary>Machines of a cluster that have found no route for it since it last got further, and so have handed it over.</summary>
    public IReadOnlyList<string> WithoutRoute { get => field ?? []; init; } = [];

    /// <summary>The run once it has got further: takeovers, and machines without a route, are counted anew.</summary>
    public Run AfterProgress() => this with { Takeovers = 0, WithoutRoute = [] };

    /// <summary>When it was stored.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>When anything of it last changed.</summary>
    public required DateTimeOffset Updated { get; init; }

    /// <summary>When it came to rest; null while active.</summary>
    public DateTimeOffset? Ended { get; init; }

    /// <summary>What it is to do.</summary>
    public required RunSettings Options { get; init; }

    /// <summary>What it reads, absolute.</summary>
    public required string Input { get; init; }

    /// <summary>Where the results are or will be.</summary>
    public required string Output { get; init; }

    /// <summary>Whether files that stand there may be replaced: its settings say so, or an earlier run to this output wrote them.</summary>
    public bool MayReplace { get; init; }

    /// <summary>Where the rejects are; null where there are none.</summary>
    public string? Rejects { get; init; }

    /// <summary>The results and rejects as the run left them; empty before it has completed.</summary>
    public IReadOnlyList<WrittenFile> Written { get; init; } = [];

    /// <summary>What lies in the input directory and is not read; null where there is nothing.</summary>
    public SkippedInput? Skipped { get; init; }

    /// <summary>What it reads of the input; null = all of it, as all runs but those over the slices of a partitioned one.</summary>
    public RunSlice? Slice { get; init; }

    /// <summary>The slices of a partitioned run, in input order; empty where the input is not split.</summary>
    public IReadOnlyList<SliceState> Slices { get => field ?? []; init; } = [];

    /// <summary>How far it is durable.</summary>
    public RunProgress Progress { get; init; } = new();

    /// <summary>What became of its lines.</summary>
    public RunCounts Counts { get; init; } = new();

    /// <summary>Why the latest attempt failed.</summary>
    public RunError? Error { get; init; }

    /// <summary>Batches of lines read again that a former attempt had read, in all attempts; at least so many.</summary>
    public long ReplayedBatches { get; init; }

    /// <summary>Frames dropped when attempts were broken off, in all attempts; at least so many.</summary>
    public long DiscardedFrames { get; init; }

    /// <summary>
    /// First byte read to results durable, in the attempt that completed or drained it, microseconds; 0 before. Of a partitioned run
    /// that is the merge: the time that its slices took since its last start is added.
    /// </summary>
    public long ElapsedMicros { get; init; }

    /// <summary>The trace of its latest start; null where nothing is traced.</summary>
    public string? TraceId { get; init; }

    /// <summary>Figures of the latest attempt, first stage first.</summary>
    public IReadOnlyList<StageFigures> Stages { get; init; } = [];

    /// <summary>Its attempts, oldest first.</summary>
    public IReadOnlyList<AttemptRecord> History { get; init; } = [];

    /// <summary>
    /// Lines per second from the first byte read to the results durable; null where it is not known: before the run has completed, and after
    /// several attempts, because it is not known how many of the lines were the last one's.
    /// </summary>
    [JsonIgnore]
    public double? LinesPerSecond =>
        this is { State: RunState.Completed, Attempts: <= 1, ElapsedMicros: > 0 } && Slices.All(slice => slice.Attempts <= 1)
            ? Counts.Lines * 1e6 / ElapsedMicros
            : null;

    /// <summary>What it waits for, without what can be done about it.</summary>
    [JsonIgnore]
    public string? WaitingBriefly => WaitingFor?.Split(';')[0];

    /// <summary>With another record of the latest attempt.</summary>
    public Run WithLastAttempt(Func<AttemptRecord, AttemptRecord> change) =>
        History.Count == 0 ? this : this with { History = [.. History.SkipLast(1), change(History[^1])] };

    /// <summary>As it is once nobody works on it: an attempt under way is abandoned, and open slices are interrupted at their checkpoints.</summary>
    public Run AtRest() =>
        WithLastAttempt(
            record => record.Outcome == AttemptRecord.Running ? record with { Outcome = AttemptRecord.Abandoned, Ended = Updated } : record) with
        {
            StopRequested = null,
            WaitingFor = null,
            Stall = null,
            Slices = [.. Slices.Select(slice => slice.State.IsActive() ? slice with { State = RunState.Interrupted } : slice)],
        };

    /// <summary>Without what only a single run's page shows.</summary>
    public Run Brief() => this with { Stages = [], History = [], Written = [], Slices = [] };
}

/// <summary>An attempt makes no progress.</summary>
/// <param name="Since">When it last did.</param>
/// <param name="Message">For how long, and which instance waits for which.</param>
public sealed record RunStall(DateTimeOffset Since, string Message);

/// <summary>How far the run is durable.</summary>
public sealed record RunProgress
{
    /// <summary>Id of the last committed checkpoint; 0 = none.</summary>
    public long Checkpoint { get; init; }

    /// <summary>Lines of the input.</summary>
    public long Lines { get; init; }

    /// <summary>Uncompressed.</summary>
    public long Bytes { get; init; }

    /// <summary>As stored; 0 = not known yet.</summary>
    public long InputBytes { get; init; }

    /// <summary>0 to 1; null where it cannot be known, as for compressed input.</summary>
    public double? Fraction { get; init; }

    /// <summary>After a commit.</summary>
    /// <param name="checkpoint">Its id.</param>
    /// <param name="position">Where it stands.</param>
    /// <param name="slice">What of the input the run reads; null = all of it.</param>
    public static RunProgress Of(long checkpoint, Position position, RunSlice? slice = null)
    {
        var stored = slice?.Bytes ?? position.Files.Sum(file => file.Length);
        // A name tells it before the file is begun.
        var compressed = position.Compressed || position.Files.Any(file => OutputFiles.IsCompressed(file.Path));
        return new RunProgress
        {
            Checkpoint = checkpoint,
            Lines = position.TotalLines,
            Bytes = position.TotalBytes,
            InputBytes = stored,
            Fraction = compressed || stored == 0 ? null : Math.Min(1, (double)position.TotalBytes / stored),
        };
    }
}

/// <summary>Lines = events + work items + filtered + rejected + blank.</summary>
public sealed record RunCounts
{
    /// <summary>Lines of the input.</summary>
    public long Lines { get; init; }

    /// <summary>Lines without anything but white space.</summary>
    public long Blank { get; init; }

    /// <summary>Lines that are in the rejects file.</summary>
    public long Rejected { get; init; }

    /// <summary>Events that a rule dropped.</summary>
    public long Filtered { get; init; }

    /// <summary>Events that went into the results.</summary>
    public long Events { get; init; }

    /// <summary>Work items in the results.</summary>
    public long WorkItems { get; init; }

    /// <summary>As the contract has them.</summary>
    public static RunCounts Of(Counts? counts) => counts is null ? new() : new()
    {
        Lines = counts.Lines,
        Blank = counts.Blank,
        Rejected = counts.Rejected,
        Filtered = counts.Filtered,
        Events = counts.Events,
        WorkItems = counts.WorkItems,
    };
}

/// <summary>Entries of an input directory that are not read: hidden ones, links to directories, files with other extensions.</summary>
/// <param name="Count">How many there are.</param>
/// <param name="Paths">The first of them, at most 100: paths below the directory.</param>
public sealed record SkippedInput(long Count, IReadOnlyList<string> Paths)
{
    /// <summary>As the contract has them; null where there are none.</summary>
    public static SkippedInput? Of(SkippedFiles? skipped) => skipped is null ? null : new(skipped.Count, [.. skipped.Paths]);
}

/// <summary>Why an attempt failed.</summary>
public sealed record RunError(string Reason, string Message, string InstanceId = "", string Role = "", bool Retryable = false)
{
    /// <summary>As the contract has it.</summary>
    public static RunError Of(Failure failure) => new(failure.Reason, failure.Message, failure.InstanceId, failure.Role, failure.Retryable);
}

/// <summary>One attempt, as the history keeps it.</summary>
public sealed record AttemptRecord
{
    /// <summary>Outcome of one that is under way.</summary>
    public const string Running = "running";

    /// <summary>Outcome of one whose end was not observed.</summary>
    public const string Abandoned = "abandoned";

    /// <summary>Number, from 1.</summary>
    public required long Attempt { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>When it ended, or was last heard of where it was abandoned; null while it runs.</summary>
    public DateTimeOffset? Ended { get; init; }

    /// <summary>When its first checkpoint was committed; null before.</summary>
    public DateTimeOffset? FirstCommit { get; init; }

    /// <summary>Instance ids, first stage first.</summary>
    public required IReadOnlyList<string> Route { get; init; }

    /// <summary>Which implementations took over in it, such as "rules: csharp 1.4 took over from node 1.0".</summary>
    public IReadOnlyList<string> TookOver { get => field ?? []; init; } = [];

    /// <summary>"running", "completed", "drained", "failed" or "abandoned".</summary>
    public required string Outcome { get; init; }

    /// <summary>Why it failed.</summary>
    public RunError? Error { get; init; }

    /// <summary>Last checkpoint committed in it; 0 = none.</summary>
    public long Checkpoint { get; init; }

    /// <summary>Batches of lines read again that a former attempt had read in it; at least so many.</summary>
    public long ReplayedBatches { get; init; }

    /// <summary>Frames dropped when it was broken off; at least so many.</summary>
    public long DiscardedFrames { get; init; }
}
