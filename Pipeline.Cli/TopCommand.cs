using System.CommandLine;
using Pipeline.Client.Runs;
using Pipeline.Client.Views;
using Spectre.Console;

namespace Pipeline.Cli;

/// <summary>top: the pipeline at work, as the orchestrator's page shows it.</summary>
internal static class TopCommand
{
    // Twice as often as stages report by default.
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan MeasuringTimeout = TimeSpan.FromSeconds(3);

    /// <summary>The command.</summary>
    public static Command Build(CommandContext context)
    {
        var once = new Option<bool>("--once") { Description = "Show it once, as plain text; the rates of a run that goes on are those of about a second" };
        var command = new Command("top", "Watch the pipeline at work: stages, instances, events/s, bytes/s, who waits for whom") { once };
        context.RefuseJson(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = context.Connect();
            var picture = new Picture(context.Time);
            if (!parsed.GetValue(once) && context.Terminal.Interactive is { } console)
            {
                return await CommandContext.UntilInterruptAsync(
                    () => console.Live(Text.Empty).StartAsync(live => WatchAsync(
                        client, picture,
                        () => live.UpdateTarget(new Text(string.Join('\n', picture.Lines(context.Terminal.Width).Select(Terminal.OneLine)))),
                        context.Time, cancellationToken)),
                    cancellationToken);
            }

            await ReadAsync(client, picture, cancellationToken);
            var began = context.Time.GetTimestamp();
            // A run that waits reports nothing: what is known is shown then.
            while (picture is { IsActive: true, HasRates: false } && context.Time.GetElapsedTime(began) < MeasuringTimeout)
            {
                await Task.Delay(Interval, context.Time, cancellationToken);
                await ReadAsync(client, picture, cancellationToken);
            }

            foreach (var line in picture.Lines(context.Terminal.Width))
                context.Terminal.Output.WriteLine(line);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static async Task ReadAsync(RunsClient client, Picture picture, CancellationToken cancellationToken)
    {
        picture.Topology = await client.TopologyAsync(cancellationToken: cancellationToken);
        picture.Runs = await client.ListAsync(cancellationToken);
        if (StageViews.RunOf(picture.Runs) is { } latest)
            picture.Take(await client.GetAsync(latest.Id, cancellationToken));
    }

    // As top(1) is left.
    private static bool IsQuit()
    {
        while (!Console.IsInputRedirected && Console.KeyAvailable)
        {
            if (Console.ReadKey(intercept: true).KeyChar is 'q' or 'Q')
                return true;
        }

        return false;
    }

    private static async Task WatchAsync(RunsClient client, Picture picture, Action show, TimeProvider time, CancellationToken cancellationToken)
    {
        await ReadAsync(client, picture, cancellationToken);
        try
        {
            while (!IsQuit())
            {
                show();
                await Task.Delay(Interval, time, cancellationToken);
                await ReadAsync(client, picture, cancellationToken);
            }
        }
        catch (RunsApiException error) when (error.Status is null)
        {
            throw new CliException(ExitCodes.NoPipeline, "the orchestrator went away", error);
        }
    }

    /// <summary>What is shown.</summary>
    internal sealed class Picture(TimeProvider time)
    {
        private const int ShownOthers = 3;

        private readonly RateMeter _rates = new();
        private Run? _run;

        public static string[] Columns { get; } =
            ["stage", "instance", "state", "in/s", "out/s", "bytes out/s", "works", "input wait", "output wait", "peak memory"];

        public Topology? Topology { get; set; }

        /// <summary>All runs, newest first; one of them is shown.</summary>
        public IReadOnlyList<Run> Runs { get; set; } = [];

        /// <summary>Whether the run that is shown goes on.</summary>
        public bool IsActive => _run?.State.IsActive() == true;

        public bool HasRates => _run is { Stages.Count: > 0 } run && run.Stages.All(stage => _rates[stage] is not null);

        private string Title => _run is not { } run ? "no run yet"
            : $"run {run.Id}: {run.State.ToText()}, attempt {run.Attempts}, {Show.Count(run.Counts.Lines, "line")}"
                + (run.Progress.Fraction is { } share ? $", {Show.Share(share)}" : "")
                + (run.WaitingBriefly is { } roles ? $", waits for {roles}" : "");

        public void Take(Run run)
        {
            _run = run;
            _rates.Take(run);
        }

        /// <summary>All of it, for a terminal of so many characters in a line.</summary>
        public IEnumerable<string> Lines(int width)
        {
            var others = Runs.Where(run => run.State.IsActive() && run.Id != _run?.Id).Select(run => $"{run.Id} ({run.State.ToText()})").ToList();
            var first = string.Join(", ", others.Take(ShownOthers).Concat(others.Count > ShownOthers ? ["..."] : []));
            return
            [
                Title,
                .. others.Count > 0 ? [$"{Show.Count(others.Count, "other active run")}: {first}"] : (string[])[],
                .. _run is { Stages.Count: > 0 } && !IsActive ? [$"figures of the last attempt of run {_run.Id}"] : (string[])[],
                .. Terminal.Table([Columns, .. Rows()], width, "peak memory", "bytes out/s", "state", "out/s"),
            ];
        }

        /// <summary>A row for each instance of the route; those of other roles follow.</summary>
        public IEnumerable<string[]> Rows()
        {
            var roles = (_run?.Stages.Select(stage => stage.Role) ?? []).Concat((Topology?.Instances ?? []).Select(instance => instance.Role)).Distinct();
            foreach (var stage in StageViews.Of([.. roles], Topology, _run, _rates, time.GetUtcNow()))
            {
                // Figures of slices that went through several instances, added up.
                if (_run is { Slices.Count: > 0 } && stage is { Figures: { } sum, Rate: { } all }
                    && stage.Instances.All(one => one.InstanceId != sum.InstanceId))
                {
                    yield return [stage.Role, sum.InstanceId, "", .. Cells(all, sum)];
                }

                foreach (var instance in stage.Instances.DefaultIfEmpty())
                {
                    var rate = stage.Figures?.InstanceId == instance?.InstanceId && instance?.Departed is null ? stage.Rate : null;
                    string[] name = [stage.Role, instance?.InstanceId ?? "none", instance?.State ?? "missing"];
                    yield return [.. name, .. rate is null ? Enumerable.Repeat("", Columns.Length - name.Length) : Cells(rate, stage.Figures!)];
                }
            }

            static string[] Cells(StageRate rate, StageFigures figures) =>
            [
                Show.Short(rate.ItemsIn), Show.Short(rate.ItemsOut), Show.Bytes(rate.BytesOut),
                Show.Share(rate.Works), Show.Share(rate.WaitsForInput), Show.Share(rate.WaitsForOutput),
                Show.Memory(figures.ProcessPeakRssBytes),
            ];
        }
    }
}
