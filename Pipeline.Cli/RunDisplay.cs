using System.Net.ServerSentEvents;
using Pipeline.Client.Runs;
using Pipeline.Client.Views;
using Spectre.Console;

namespace Pipeline.Cli;

/// <summary>Shows a run while it goes on: a bar on a terminal, else a line now and then; nothing where it is to be quiet.</summary>
internal sealed class RunDisplay(Terminal terminal, bool quiet, TimeProvider time)
{
    private static readonly TimeSpan MinLineInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxLineInterval = TimeSpan.FromMinutes(1);
    private readonly long _began = time.GetTimestamp();
    private long _lastLine;
    private string? _last;

    /// <summary>Shows events to their end.</summary>
    /// <returns>The run as it was last heard of; null where nothing was.</returns>
    public async Task<Run?> ShowAsync(IAsyncEnumerable<SseItem<Run>> events)
    {
        if (quiet || terminal.Interactive is null)
            return await DrainAsync(events, quiet ? _ => { } : Line);
        Run? last = null;
        await terminal.Interactive.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new SpinnerColumn())
            .StartAsync(async context =>
            {
                var bar = context.AddTask("run", maxValue: 1);
                last = await DrainAsync(events, now =>
                {
                    bar.Description = Markup.Escape(Terminal.OneLine($"{now.Data.Id} {Describe(now.Data)}"));
                    bar.IsIndeterminate = now.Data.Progress.Fraction is null && now.Data.State.IsActive();
                    bar.Value = now.Data.Progress.Fraction ?? 0;
                });
            });
        return last;
    }

    private static async Task<Run?> DrainAsync(IAsyncEnumerable<SseItem<Run>> events, Action<SseItem<Run>> show)
    {
        Run? last = null;
        await foreach (var item in events)
        {
            last = item.Data;
            show(item);
        }

        return last;
    }

    // The longer it lasts, the fewer: a tenth of the time so far, so that an hour has a hundred lines and not 3,600.
    private TimeSpan LineInterval() =>
        new(Math.Clamp(time.GetElapsedTime(_began).Ticks / 10, MinLineInterval.Ticks, MaxLineInterval.Ticks));

    private void Line(SseItem<Run> item)
    {
        if (item.EventType == RunEventNames.Progress && time.GetElapsedTime(_lastLine) < LineInterval())
            return;
        var line = $"{item.Data.Id}: {Describe(item.Data)}";
        if (line == _last)
            return;
        (_lastLine, _last) = (time.GetTimestamp(), line);
        terminal.Error.WriteLine(line);
    }

    private static string Describe(Run run)
    {
        var waiting = run.WaitingFor is null ? "" : $" for {run.WaitingFor}";
        var lines = run.Progress.Lines > 0 ? $", {Show.Count(run.Progress.Lines, "line")}" : "";
        var share = run.Progress.Fraction is { } fraction ? $", {Show.Share(fraction)}" : "";
        var attempt = run.Attempts > 1 ? $", attempt {run.Attempts}" : "";
        var stall = run.Stall is { } stalled ? $" ({stalled.Message})" : "";
        return $"{run.State.ToText()}{waiting}{lines}{share}{attempt}{stall}";
    }
}
