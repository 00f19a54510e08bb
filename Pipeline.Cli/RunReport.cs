using System.Globalization;
using Pipeline.Client.Runs;
using Pipeline.Client.Views;
using Pipeline.Files;

namespace Pipeline.Cli;

/// <summary>What is told of a run.</summary>
internal static class RunReport
{
    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    private const int ShownResults = 10;

    /// <summary>Reports a run that a command has brought to rest.</summary>
    /// <param name="terminal">Where.</param>
    /// <param name="run">The run.</param>
    /// <param name="format">How.</param>
    /// <param name="withFigures">Whether the first results and the figures of each stage are shown.</param>
    /// <param name="isStored">Whether 'show' tells the rest.</param>
    public static void Write(Terminal terminal, Run run, ReportFormat format, bool withFigures = false, bool isStored = true)
    {
        switch (format)
        {
            case ReportFormat.Json:
                terminal.WriteJson(run, RunJson.Default.Run);
                return;
            case ReportFormat.Markdown:
                MarkdownReport.Write(terminal.Output, run);
                return;
        }

        WriteSummary(terminal, run);
        foreach (var change in run.History.SelectMany(attempt => attempt.TookOver))
            terminal.Output.WriteLine(change);
        if (run.State == RunState.Completed && run.Skipped is { } skipped)
        {
            if (isStored)
                terminal.Output.WriteLine($"{Skipped(skipped)}; `pipeline show {run.Id}` names them");
            else
                WriteSkipped(terminal, skipped);
        }

        if (withFigures && run.State == RunState.Completed)
        {
            if (run.Counts is { Events: 0, WorkItems: 0 })
                terminal.Output.WriteLine("  no groups: no line was an event, or all events were filtered");
            foreach (var line in FirstResults(run))
                terminal.Output.WriteLine("  " + line);
        }

        if (withFigures && run.Stages.Count > 0)
            WriteStages(terminal, run.Stages);
    }

    /// <summary>The first lines of the results, and "..." where there are more; none where the file cannot be read from here.</summary>
    public static IReadOnlyList<string> FirstResults(Run run)
    {
        try
        {
            var lines = ReadLines(run.Output).Take(ShownResults + 1).ToList();
            return lines.Count > ShownResults ? [.. lines[..ShownResults], "..."] : lines;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return [];
        }
    }

    private static IEnumerable<string> ReadLines(string path)
    {
        using var reader = OutputFiles.OpenText(path);
        while (reader.ReadLine() is { } line)
            yield return line;
    }

    /// <summary>A few lines: how it ended, and where its results are.</summary>
    public static void WriteSummary(Terminal terminal, Run run)
    {
        var output = terminal.Output;
        output.WriteLine($"run {run.Id}: {run.State.ToText()}{(run.Attempts > 1 ? $" after {run.Attempts} attempts" : "")}");
        if (run.State == RunState.Completed)
        {
            var counts = run.Counts;
            output.WriteLine(string.Create(
                Invariant,
                $"{Show.Count(counts.Lines, "line")}: {Show.Count(counts.Events, "event")}, {Show.Count(counts.WorkItems, "work item")}, "
                + $"{counts.Filtered:N0} filtered, {counts.Rejected:N0} rejected, {counts.Blank:N0} blank"));
            if (run.ElapsedMicros > 0)
                output.WriteLine(Time(run));
            output.WriteLine($"results: {run.Output}");
            if (run.Rejects is not null)
                output.WriteLine($"rejects: {run.Rejects}");
        }
    }

    private static string Time(Run run)
    {
        var seconds = run.ElapsedMicros / 1e6;
        return run.LinesPerSecond is { } speed
            ? string.Create(Invariant, $"{seconds:0.000} s, {speed:N0} lines/s")
            : string.Create(Invariant, $"the last attempt took {seconds:0.000} s");
    }

    /// <summary>Everything, for show.</summary>
    public static void WriteAll(Terminal terminal, Run run)
    {
        WriteSummary(terminal, run);
        var output = terminal.Output;
        output.WriteLine($"input: {run.Input}");
        if (run.State != RunState.Completed)
        {
            output.WriteLine($"output: {run.Output}");
            output.WriteLine(string.Create(
                Invariant, $"durable: {Show.Count(run.Progress.Lines, "line")}, {run.Progress.Bytes:N0} bytes, checkpoint {run.Progress.Checkpoint}"));
        }

        foreach (var (name, value) in SettingTexts.Changed(run.Options))
            output.WriteLine($"{name.ToLowerInvariant()}: {value}");
        if (run.Skipped is { } skipped)
            WriteSkipped(terminal, skipped);

        if (run.WaitingFor is not null)
            output.WriteLine($"waiting for: {run.WaitingFor}");
        if (run.Implementations.Count > 0)
            output.WriteLine($"made by: {Implementation.Describe(run.Implementations)}");
        if (run.UpgradeAllowed || run.Options.AllowUpgrade)
            output.WriteLine($"other implementations may take over{(run.Options.AllowUpgrade ? "" : " in the next attempt")}");
        if (run.Error is { } error)
            output.WriteLine($"error: {error.Reason}{(error.InstanceId.Length > 0 ? $" at {error.InstanceId}" : "")}: {error.Message}");
        if (run.ReplayedBatches + run.DiscardedFrames > 0)
            output.WriteLine(string.Create(Invariant, $"replayed batches: {run.ReplayedBatches:N0}, discarded frames: {run.DiscardedFrames:N0}"));
        if (run.Slices.Count > 0)
            WriteSlices(terminal, run.Slices);
        if (run.Stages.Count > 0)
            WriteStages(terminal, run.Stages);
        if (run.History.Count > 1)
            WriteHistory(terminal, run.History);
    }

    private static string Skipped(SkippedInput skipped) =>
        $"skipped in the input: {Show.Count(skipped.Count)} {(skipped.Count == 1 ? "file or directory" : "files or directories")}";

    private static void WriteSkipped(Terminal terminal, SkippedInput skipped)
    {
        terminal.Output.WriteLine(Skipped(skipped));
        foreach (var path in skipped.Paths)
            terminal.Output.WriteLine($"skipped: {path}");
        if (skipped.Count > skipped.Paths.Count)
            terminal.Output.WriteLine(string.Create(Invariant, $"skipped: {skipped.Count - skipped.Paths.Count:N0} more"));
    }

    private static void WriteStages(Terminal terminal, IReadOnlyList<StageFigures> stages)
    {
        terminal.Output.WriteLine();
        var rows = new List<string[]>
        {
            new[]
            {
                "stage", "instance", "in", "out", "filtered", "rejected", "bytes in", "bytes out", "batches", "processing", "waits for input",
                "waits for output", "cpu", "peak MB",
            },
        };
        rows.AddRange(stages.Select(stage => (string[])
        [
            stage.Role, stage.InstanceId, Number(stage.ItemsIn), Number(stage.ItemsOut), Number(stage.Filtered), Number(stage.Rejected),
            .. stage.TellsBytes ? [Number(stage.BytesIn), Number(stage.BytesOut)] : Enumerable.Repeat(Show.Unknown, 2),
            Number(Math.Max(stage.BatchesIn, stage.BatchesOut)),
            .. stage.TellsTimes
                ? [Seconds(stage.ProcessingMicros), Seconds(stage.WaitingToReceiveMicros), Seconds(stage.WaitingToSendMicros)]
                : Enumerable.Repeat(Show.Unknown, 3),
            stage.ProcessCpuMicros > 0 ? Seconds(stage.ProcessCpuMicros) : Show.Unknown,
            stage.ProcessPeakRssBytes > 0 ? Number(stage.ProcessPeakRssBytes >> 20) : Show.Unknown,
        ]));
        terminal.WriteTable(rows, "bytes in", "bytes out", "batches", "peak MB", "rejected", "filtered", "cpu", "instance", "waits for input");
        terminal.Output.WriteLine(StageFigures.WaitingEdge(stages) is var (above, below)
            ? $"waiting edge: {above.Role} -> {below.Role}: {above.InstanceId} waited {Seconds(above.WaitingToSendMicros)} for {below.InstanceId}"
            : "waiting edge: none");
    }

    private static void WriteSlices(Terminal terminal, IReadOnlyList<SliceState> slices)
    {
        terminal.Output.WriteLine();
        var rows = new List<string[]> { new[] { "slice", "part of the input", "state", "machine", "attempts", "lines", "done", "lines/s", "why" } };
        rows.AddRange(slices.Select((slice, index) => new[]
        {
            Number(index), slice.Part, slice.State.ToText(), slice.Machine, Number(slice.Attempts), Number(slice.Lines),
            slice.State == RunState.Completed ? "100 %" : Show.Share(slice.Fraction),
            slice is { ElapsedMicros: > 0, Attempts: 1 } ? Number((long)(slice.Lines * 1e6 / slice.ElapsedMicros)) : "",
            slice.Trouble ?? "",
        }));
        terminal.WriteTable(rows, "machine", "attempts", "lines", "lines/s");
    }

    private static void WriteHistory(Terminal terminal, IReadOnlyList<AttemptRecord> history)
    {
        terminal.Output.WriteLine();
        var rows = new List<string[]> { new[] { "attempt", "started", "outcome", "checkpoint", "replayed", "discarded", "why" } };
        rows.AddRange(history.Select(attempt => new[]
        {
            Number(attempt.Attempt), Show.Time(attempt.Started), attempt.Outcome, Number(attempt.Checkpoint),
            Number(attempt.ReplayedBatches), Number(attempt.DiscardedFrames),
            string.Join("; ", [.. attempt.TookOver, .. Why(attempt.Error)]),
        }));
        terminal.WriteTable(rows, "discarded", "replayed", "checkpoint", "started");
    }

    private static string[] Why(RunError? error) => error is null ? [] : [$"{error.Reason} at {error.InstanceId}: {error.Message}"];

    private static string Number(long value) => value.ToString("N0", Invariant);

    private static string Seconds(long micros) => (micros / 1e6).ToString("0.000 's'", Invariant);
}
