using System.Globalization;

namespace Pipeline.AppHost.Runs;

/// <summary>Tells a person, or a script's log, how a run goes and what came out.</summary>
/// <param name="output">Where.</param>
/// <param name="plain">Whole lines only; otherwise the progress is one line that changes.</param>
internal sealed class RunReport(TextWriter output, bool plain)
{
    /// <summary>So many results are shown; the file has them all.</summary>
    private const int ShownResults = 10;

    private const double TenthsShown = 10;

    private double _tenths = -1;
    private bool _lineOpen;

    public void Started(RunView run) => output.WriteLine($"run {run.Id} over {run.Input}");

    public void Progress(RunView run)
    {
        if (run.Progress is not { Lines: > 0 } progress)
            return;

        var tenths = progress.Fraction is { } fraction ? Math.Floor(fraction * TenthsShown) : _tenths;
        if (plain && tenths <= _tenths)
            return;

        _tenths = tenths;
        var share = progress.Fraction is { } part ? string.Create(CultureInfo.InvariantCulture, $"{part,4:P0}, ") : "";
        var waiting = run.WaitingFor is { } roles ? $", waits for {roles}" : "";
        var line = string.Create(CultureInfo.InvariantCulture, $"{share}{progress.Lines:N0} lines{waiting}");
        if (plain)
        {
            output.WriteLine(line);
            return;
        }

        output.Write($"\r{line,-60}");
        _lineOpen = true;
    }

    /// <summary>What is said next begins a line.</summary>
    public void Close()
    {
        if (_lineOpen)
            output.WriteLine();
        _lineOpen = false;
    }

    /// <summary>Tells the result.</summary>
    /// <param name="run">The completed run.</param>
    /// <param name="orchestrator">Where the pipeline goes on serving, if it does.</param>
    public void Completed(RunView run, string? orchestrator)
    {
        Close();
        var counts = run.Counts ?? new CountsView(0, 0, 0, 0, 0, 0);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"completed {Time(run, counts.Lines)}: {counts.Lines:N0} lines, {counts.Events + counts.WorkItems:N0} used, {counts.Filtered:N0} filtered, {counts.Rejected:N0} rejected, {counts.Blank:N0} blank"));
        if (run.Output is { } results)
            Show(results);
        if (run.Rejects is { } rejects)
            output.WriteLine($"rejects: {rejects}");
        if (orchestrator is null)
            return;

        Metrics(run.Stages);
        output.WriteLine($"The pipeline stays up at {orchestrator} until Ctrl-C.");
    }

    // Where there were several attempts, nobody knows how many of the lines were the last one's.
    private static string Time(RunView run, long lines)
    {
        var seconds = run.ElapsedMicros / 1e6;
        if (run.Attempts > 1)
            return string.Create(CultureInfo.InvariantCulture, $"after {run.Attempts} attempts, the last of {seconds:0.00} s");
        var speed = seconds > 0 ? string.Create(CultureInfo.InvariantCulture, $", {lines / seconds:N0} lines/s") : "";
        return string.Create(CultureInfo.InvariantCulture, $"in {seconds:0.00} s{speed}");
    }

    private void Show(string results)
    {
        if (File.Exists(results))
        {
            var lines = File.ReadLines(results).Take(ShownResults + 1).ToList();
            foreach (var line in lines.Take(ShownResults))
                output.WriteLine("  " + line);
            if (lines.Count > ShownResults)
                output.WriteLine("  ...");
        }

        output.WriteLine($"results: {results}");
    }

    private void Metrics(IReadOnlyList<StageView> stages)
    {
        if (stages.Count == 0)
            return;

        output.WriteLine($"{"stage",-12}{"in",12}{"out",12}{"working",12}{"receiving",12}{"sending",12}{"peak RSS",12}");
        foreach (var stage in stages)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{stage.Role,-12}{stage.ItemsIn,12:N0}{stage.ItemsOut,12:N0}{Millis(stage.ProcessingMicros),12}{Millis(stage.WaitingToReceiveMicros),12}{Millis(stage.WaitingToSendMicros),12}{stage.ProcessPeakRssBytes / 1_000_000,9:N0} MB"));
        }
    }

    private static string Millis(long micros) => string.Create(CultureInfo.InvariantCulture, $"{micros / 1000.0:N0} ms");
}
