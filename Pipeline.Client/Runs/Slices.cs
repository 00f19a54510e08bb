using System.Text.Json.Serialization;
using Pipeline.Contracts.V1;

namespace Pipeline.Client.Runs;

/// <summary>Part of the input of a partitioned run: whole files, or some lines of one file.</summary>
/// <param name="Files">The files, as they were when the run was planned.</param>
/// <param name="FirstByte">Where reading of the first one begins.</param>
/// <param name="EndByte">Where reading of the last one ends.</param>
public sealed record RunSlice(IReadOnlyList<SliceFile> Files, long FirstByte, long EndByte)
{
    /// <summary>Bytes to read, as stored.</summary>
    [JsonIgnore]
    public long Bytes => Files.SkipLast(1).Sum(file => file.Length) + EndByte - FirstByte;

    /// <summary>Which part it is, for people: "day.ndjson, bytes 268435456 to 536870912", "a.ndjson to c.ndjson".</summary>
    public override string ToString() => Files switch
    {
        [var one] when FirstByte > 0 || EndByte < one.Length => $"{one.Path}, bytes {FirstByte} to {EndByte}",
        [var one] => one.Path,
        [var first, .., var last] => $"{first.Path} to {last.Path}",
        _ => "nothing",
    };

    /// <summary>As the contract has it.</summary>
    public InputSlice ToContract() => new()
    {
        Files = { Files.Select(file => file.ToContract()) },
        FirstByte = FirstByte,
        EndByte = EndByte,
    };
}

/// <summary>A file of the input.</summary>
/// <param name="Path">Below the input directory; the file's name where the input is one file.</param>
/// <param name="Length">Bytes as stored.</param>
/// <param name="ModifiedMicros">Last write, Unix microseconds.</param>
/// <param name="FileId">Tells it from another file of the same name; 0 where that is not known.</param>
public sealed record SliceFile(string Path, long Length, long ModifiedMicros, ulong FileId = 0)
{
    /// <summary>Of the contract's.</summary>
    public static SliceFile Of(InputFile file) => new(file.Path, file.Length, file.ModifiedMicros, file.FileId);

    /// <summary>As the contract has it.</summary>
    public InputFile ToContract() => new() { Path = Path, Length = Length, ModifiedMicros = ModifiedMicros, FileId = FileId };
}

/// <summary>How far a slice of a partitioned run is.</summary>
public sealed record SliceState
{
    /// <summary>Which part of the input it is.</summary>
    public required string Part { get; init; }

    /// <summary>Where the run over it stands.</summary>
    public RunState State { get; init; }

    /// <summary>Machine that works on it or has worked on it last; empty before the first one.</summary>
    public string Machine { get; init; } = "";

    /// <summary>Attempts so far.</summary>
    public long Attempts { get; init; }

    /// <summary>Lines that are durable, counted from its beginning.</summary>
    public long Lines { get; init; }

    /// <summary>Bytes of it, as stored.</summary>
    public long InputBytes { get; init; }

    /// <summary>Uncompressed bytes that are durable.</summary>
    public long Bytes { get; init; }

    /// <summary>0 to 1; null where it cannot be known, as for compressed input.</summary>
    public double? Fraction { get; init; }

    /// <summary>First byte read to partial result durable, microseconds; 0 before it has completed.</summary>
    public long ElapsedMicros { get; init; }

    /// <summary>Batches of lines read again that a former attempt had read, in all attempts; at least so many.</summary>
    public long ReplayedBatches { get; init; }

    /// <summary>Frames dropped when attempts were broken off, in all attempts; at least so many.</summary>
    public long DiscardedFrames { get; init; }

    /// <summary>What it waits for, or why it failed; null otherwise.</summary>
    public string? Trouble { get; init; }

    /// <summary>Of the run over the slice.</summary>
    public static SliceState Of(RunSlice slice, Run? run, string machine) => new()
    {
        Part = slice.ToString(),
        State = run?.State ?? RunState.Pending,
        Machine = machine,
        Attempts = run?.Attempts ?? 0,
        Lines = run is null ? 0 : run.State == RunState.Completed ? run.Counts.Lines : run.Progress.Lines,
        InputBytes = slice.Bytes,
        Bytes = run?.Progress.Bytes ?? 0,
        Fraction = run is { State: RunState.Completed } ? 1 : run is null || run.Progress.Checkpoint == 0 ? 0 : run.Progress.Fraction,
        ElapsedMicros = run is { State: RunState.Completed } ? run.ElapsedMicros : 0,
        ReplayedBatches = run?.ReplayedBatches ?? 0,
        DiscardedFrames = run?.DiscardedFrames ?? 0,
        Trouble = run?.WaitingFor ?? (run is { State: RunState.Completed } ? null : run?.Error?.Message),
    };
}
