using System.Collections.Immutable;
using System.Diagnostics;
using System.Text.Json;
using Pipeline.Client.Registry;
using Pipeline.Client.Runs;
using Pipeline.Contracts;
using Pipeline.Orchestrator.Runs;

namespace Pipeline.Orchestrator.Web;

/// <summary>One run of the demonstration.</summary>
/// <param name="Name">What differs: the batch size, or that all is one process.</param>
/// <param name="BatchSize">Lines in a batch, 0 = auto; null: the monolith.</param>
internal sealed record DemonstrationStep(string Name, int? BatchSize)
{
    /// <summary>The run as it is known; null before it began.</summary>
    public Run? Run { get; init; }

    /// <summary>Why there is none.</summary>
    public string? Error { get; init; }

    /// <summary>CPU time of its processes per line, nanoseconds.</summary>
    public double? CpuNanosPerLine => Run is { State: RunState.Completed, Counts.Lines: > 0 and var lines, Stages.Count: > 0 } run
        // The stages of the monolith are one process, and each tells the whole process's time.
        ? (BatchSize is null ? run.Stages.Max(stage => stage.ProcessCpuMicros) : run.Stages.Sum(stage => stage.ProcessCpuMicros)) * 1e3 / lines
        : null;
}

/// <summary>Where the demonstration is.</summary>
/// <param name="Input">What all runs read; null before it was started.</param>
/// <param name="Steps">Its runs, in their order.</param>
/// <param name="IsRunning">Whether it goes on.</param>
internal sealed record DemonstrationState(string? Input, ImmutableArray<DemonstrationStep> Steps, bool IsRunning);

/// <summary>
/// Runs over the same input one after another, with batches of several sizes and in one process: what splitting costs on this machine, and
/// what batches save of it.
/// </summary>
internal sealed class Demonstration(RunService runs, RunStore store, IConfiguration configuration, IHostApplicationLifetime lifetime)
{
    /// <summary>Environment variable with the path of the command line's program; without it there is no monolith.</summary>
    public const string CommandVariable = "PIPELINE_COMMAND";

    /// <summary>Lines of an input from which on the figures mean something: shorter runs spend most of their time starting and stopping.</summary>
    public const long MinLines = 1_000_000;

    private static readonly int[] BatchSizes = [1, 10, 100, 1_000, 0];

    private CancellationTokenSource _stop = new();

    /// <summary>Where it is.</summary>
    public Observable<DemonstrationState> State { get; } = new(new(null, [], IsRunning: false));

    /// <summary>Starts it, unless it is running.</summary>
    /// <param name="input">Absolute path of what to read.</param>
    public void Start(string input)
    {
        var stop = new CancellationTokenSource();
        var began = false;
        State.Change(state =>
        {
            began = !state.IsRunning;
            if (!began)
                return state;
            _stop = stop;
            return new(input, StepsOf(configuration[CommandVariable]), IsRunning: true);
        });
        if (began)
            _ = Task.Run(() => RunAsync(input, stop.Token), CancellationToken.None);
    }

    /// <summary>Ends it; the run that is under way is cancelled.</summary>
    public void Stop() => _stop.Cancel();

    private static ImmutableArray<DemonstrationStep> StepsOf(string? command) =>
    [
        .. BatchSizes.Select(size => new DemonstrationStep(size == 0 ? "auto" : $"batch {size}", size)),
        .. command is null ? [] : (DemonstrationStep[])[new("one process", null)],
    ];

    private async Task RunAsync(string input, CancellationToken cancellationToken)
    {
        try
        {
            for (var index = 0; index < State.Current.Value.Steps.Length && !cancellationToken.IsCancellationRequested; index++)
            {
                var step = State.Current.Value.Steps[index];
                try
                {
                    var run = step.BatchSize is { } size
                        ? await RunSplitAsync(input, size, index, cancellationToken)
                        : await RunMonolithAsync(input, cancellationToken);
                    Set(index, now => now with { Run = run, Error = run.State == RunState.Completed ? null : run.Error?.Message ?? run.State.ToText() });
                }
                catch (Exception error) when (error is not OperationCanceledException)
                {
                    Set(index, now => now with { Error = error.Message });
                }

                // What one run cannot do, the next ones cannot either.
                if (State.Current.Value.Steps[index].Error is not null)
                    return;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested || lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // What was not done is shown without figures.
        }
        finally
        {
            State.Change(state => state with { IsRunning = false });
        }
    }

    private async Task<Run> RunSplitAsync(string input, int batchSize, int index, CancellationToken cancellationToken)
    {
        var id = runs.Create(new RunSettings { Input = input, BatchSize = batchSize }).Id;
        runs.TryGet(id, out var run);
        await using var cancelling = cancellationToken.Register(() => _ = CancelAsync(id));
        await foreach (var seen in run!.ReadAllAsync(CancellationToken.None))
        {
            Set(index, now => now with { Run = seen });
            if (!seen.State.IsActive())
                break;
        }

        return run.Current.Value;
    }

    private async Task CancelAsync(string id)
    {
        try
        {
            await runs.CancelAsync(id);
        }
        catch (Exception error) when (error is RunConflictException or StageException)
        {
            // It has ended by itself, or rests and its state cannot be stored, which its page shows.
        }
    }

    // The stages are warm: their code is compiled. This process is not: what a run over a few lines takes is subtracted as its start-up.
    private async Task<Run> RunMonolithAsync(string input, CancellationToken cancellationToken)
    {
        // An orchestrator that stops interrupts its runs; this process would go on.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lifetime.ApplicationStopping);
        var folder = store.CreatePrivateFolder(Path.Combine(RunStore.Demonstrations, Guid.NewGuid().ToString("N")));
        try
        {
            var run = await RunAsync(input, RunDefaults.OutputName);
            if (run.Counts.Lines < MinLines)
                return run;
            var few = Path.Combine(folder.FullName, "few.ndjson");
            await CommandAsync("generate", "--count", "1000", "--output", few);
            var start = await RunAsync(few, "few-results.ndjson");
            return run with
            {
                ElapsedMicros = Math.Max(1, run.ElapsedMicros - start.ElapsedMicros),
                Stages =
                [
                    .. run.Stages.Zip(start.Stages).Select(pair => pair.First with
                    {
                        ProcessCpuMicros = Math.Max(1, pair.First.ProcessCpuMicros - pair.Second.ProcessCpuMicros),
                    }),
                ],
            };
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        async Task<Run> RunAsync(string from, string to) => JsonSerializer.Deserialize(
            await CommandAsync("run", "--monolith", "--json", "--input", from, "--output", Path.Combine(folder.FullName, to)), RunJson.Default.Run)!;

        async Task<string> CommandAsync(params string[] arguments)
        {
            var start = new ProcessStartInfo(configuration[CommandVariable]!, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
            // Compiled once, as the stages are.
            start.Environment["DOTNET_TieredCompilation"] = "0";
            using var process = Process.Start(start)!;
            await using var killing = ending.Token.Register(() => process.Kill(entireProcessTree: true));
            var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
            var output = await process.StandardOutput.ReadToEndAsync(CancellationToken.None);
            await process.WaitForExitAsync(CancellationToken.None);
            ending.Token.ThrowIfCancellationRequested();
            return process.ExitCode == 0 ? output : throw new IOException((await errors).Trim());
        }
    }

    private void Set(int index, Func<DemonstrationStep, DemonstrationStep> change) =>
        State.Change(state => state with { Steps = state.Steps.SetItem(index, change(state.Steps[index])) });
}
