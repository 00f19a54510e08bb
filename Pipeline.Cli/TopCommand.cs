using System.CommandLine;
using System.Threading.Channels;
using Pipeline.Client.Runs;
using Pipeline.Client.Views;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Pipeline.Cli;

/// <summary>top: the pipeline at work, as the orchestrator's page shows it.</summary>
internal static class TopCommand
{
    private static readonly TimeSpan MinInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan RunsInterval = TimeSpan.FromSeconds(1);
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
            if (parsed.GetValue(once) || context.Terminal.Interactive is not { } console)
                await WriteOnceAsync(client, picture, context.Terminal, context.Time, cancellationToken);
            else
                await console.Live(Text.Empty).StartAsync(live => WatchAsync(client, picture, live.UpdateTarget, context.Time, cancellationToken));
            return ExitCodes.Ok;
        });
        return command;
    }

    private static async Task WriteOnceAsync(
        RunsClient client, Picture picture, Terminal terminal, TimeProvider time, CancellationToken cancellationToken)
    {
        picture.Topology = await client.TopologyAsync(cancellationToken: cancellationToken);
        if (await LatestAsync(client, cancellationToken) is { } latest)
        {
            picture.Take(await client.GetAsync(latest.Id, cancellationToken));
            if (latest.State.IsActive())
                await MeasureAsync(client, latest.Id, picture, time, cancellationToken);
        }

        terminal.Output.WriteLine(picture.Title);
        terminal.WriteTable([Picture.Columns, .. picture.Rows()]);
    }

    private static async Task<Run?> LatestAsync(RunsClient client, CancellationToken cancellationToken) =>
        StageViews.RunOf(await client.ListAsync(cancellationToken));

    // A run that waits reports nothing.
    private static async Task MeasureAsync(RunsClient client, string run, Picture picture, TimeProvider time, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(MeasuringTimeout, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await foreach (var change in client.FollowAsync(run, ending.Token))
            {
                picture.Take(change.Data);
                if (picture.HasRates)
                    return;
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // What is known is shown.
        }
    }

    private static async Task WatchAsync(
        RunsClient client, Picture picture, Action<IRenderable> show, TimeProvider time, CancellationToken cancellationToken)
    {
        // Whatever changes is drawn; while it is drawn, further changes come together in one more.
        var changes = Channel.CreateBounded<Action>(new BoundedChannelOptions(256) { FullMode = BoundedChannelFullMode.Wait });
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var following = Task.WhenAll(FollowTopologyAsync(), FollowRunsAsync());
        try
        {
            while (await changes.Reader.WaitToReadAsync(cancellationToken))
            {
                while (changes.Reader.TryRead(out var change))
                    change();
                show(picture.Draw());
                await Task.Delay(MinInterval, time, cancellationToken);
            }

            await following;
        }
        finally
        {
            await ending.CancelAsync();
        }

        async Task FollowTopologyAsync()
        {
            try
            {
                await foreach (var topology in client.FollowTopologyAsync(cancellationToken: ending.Token))
                    await changes.Writer.WriteAsync(() => picture.Topology = topology.Data, ending.Token);
                throw new CliException(ExitCodes.NoPipeline, "the orchestrator went away");
            }
            catch (Exception error)
            {
                changes.Writer.TryComplete(error);
            }
        }

        async Task FollowRunsAsync()
        {
            try
            {
                while (true)
                {
                    var latest = await LatestAsync(client, ending.Token);
                    using var another = CancellationTokenSource.CreateLinkedTokenSource(ending.Token);
                    var following = latest is null ? Task.CompletedTask : FollowRunAsync(latest.Id, another.Token);
                    try
                    {
                        // The API tells of a run's changes, not of new runs.
                        do
                            await Task.Delay(RunsInterval, time, ending.Token);
                        while (!following.IsCompleted && (await LatestAsync(client, ending.Token))?.Id == latest?.Id);
                    }
                    finally
                    {
                        await another.CancelAsync();
                        await following;
                    }
                }
            }
            catch (Exception error)
            {
                changes.Writer.TryComplete(error);
            }
        }

        async Task FollowRunAsync(string id, CancellationToken another)
        {
            try
            {
                await foreach (var run in client.FollowAsync(id, another))
                    await changes.Writer.WriteAsync(() => picture.Take(run.Data), another);
            }
            catch (OperationCanceledException) when (another.IsCancellationRequested)
            {
                // A newer run is shown instead, or the command ends.
            }
        }
    }

    /// <summary>What is shown.</summary>
    internal sealed class Picture(TimeProvider time)
    {
        private readonly RateMeter _rates = new();
        private Run? _run;

        public static string[] Columns { get; } =
            ["stage", "instance", "state", "in/s", "out/s", "bytes out/s", "works", "waits for input", "waits for output", "peak memory"];

        public Topology? Topology { get; set; }

        public bool HasRates => _run is { Stages.Count: > 0 } run && run.Stages.All(stage => _rates[stage] is not null);

        public string Title => _run is not { } run ? "no run yet"
            : $"run {run.Id}: {run.State.ToText()}, attempt {run.Attempts}, {Show.Count(run.Counts.Lines)} lines"
                + (run.Progress.Fraction is { } share ? $", {Show.Share(share)}" : "")
                + (run.WaitingBriefly is { } roles ? $", waits for {roles}" : "");

        public void Take(Run run)
        {
            _run = run;
            _rates.Take(run);
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
                    yield return [stage.Role, Terminal.OneLine(sum.InstanceId), "", .. Cells(all, sum)];
                }

                foreach (var instance in stage.Instances.DefaultIfEmpty())
                {
                    var rate = stage.Figures?.InstanceId == instance?.InstanceId && instance?.Departed is null ? stage.Rate : null;
                    string[] name = [stage.Role, Terminal.OneLine(instance?.InstanceId ?? "none"), instance?.State ?? "missing"];
                    yield return [.. name, .. rate is null ? Enumerable.Repeat("", Columns.Length - name.Length) : Cells(rate, stage.Figures!)];
                }
            }

            static string[] Cells(StageRate rate, StageFigures figures) =>
            [
                Show.Short(rate.ItemsIn), Show.Short(rate.ItemsOut), Show.Bytes(rate.BytesOut),
                Show.Share(rate.Works), Show.Share(rate.WaitsForInput), Show.Share(rate.WaitsForOutput),
                figures.ProcessPeakRssBytes > 0 ? Show.Bytes(figures.ProcessPeakRssBytes) : "",
            ];
        }

        public IRenderable Draw()
        {
            var table = new Table().Border(TableBorder.Rounded).Title(Markup.Escape(Title));
            for (var index = 0; index < Columns.Length; index++)
                table.AddColumn(index < 3 ? new TableColumn(Columns[index]) : new TableColumn(Columns[index]).RightAligned());
            foreach (var row in Rows())
                table.AddRow([.. row.Select(Markup.Escape)]);
            return table;
        }
    }
}
