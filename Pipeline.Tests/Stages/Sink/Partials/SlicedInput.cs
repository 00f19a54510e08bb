using Pipeline.Contracts.V1;
using Pipeline.Files;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Stages.Monolith;
using Pipeline.Stages.Sink;

namespace Pipeline.Tests.Stages.Sink.Partials;

/// <summary>One input, run as a whole by the chain of stages, and slice by slice with a merge at the end.</summary>
internal sealed class SlicedInput : IAnswerOutput, IFrameOutput, IDisposable
{
    private int _runs;

    public TestFolder Folder { get; } = new();

    /// <summary>Options that all runs share.</summary>
    public RunOptions Options { get; } = new() { MaxLineBytes = 2048, GroupBy = { "type" }, CheckpointIntervalMicros = 1000 };

    /// <summary>Extension of the results: ".ndjson" or ".ndjson.gz".</summary>
    public string Extension { get; set; } = ".ndjson";

    public IReadOnlyList<string> Partials { get; private set; } = [];

    public RunCompleted? Completed { get; private set; }

    /// <summary>Of the last attempt at the merge.</summary>
    public StageMeter Meter { get; private set; } = new();

    public OpenRun MergeOpen { get; private set; } = new();

    /// <summary>Runs over all of the input.</summary>
    public Task<RunCompleted> RunWholeAsync() => RunAsync(OpenOf($"whole{Extension}", slice: null));

    /// <summary>Runs over each of the slices.</summary>
    public async Task RunSlicesAsync(IEnumerable<InputSlice> slices)
    {
        var folders = new List<string>();
        foreach (var slice in slices)
        {
            var open = OpenOf($"partial-{folders.Count}", slice);
            await RunAsync(open);
            folders.Add(open.Options.WorkDirectory);
        }

        Partials = folders;
        MergeOpen = OpenOf($"merged{Extension}", slice: null);
        MergeOpen.Options.Partials.AddRange(folders);
    }

    /// <summary>One attempt at the merge.</summary>
    public async Task<RunCompleted> MergeAsync(long attempt = 1, IDurableFiles? files = null, ControlAction drain = default)
    {
        Meter = new StageMeter();
        var context = Frames.Context(root: Folder.Path, answers: this, meter: Meter);
        var open = MergeOpen.Clone();
        open.Attempt = attempt;
        await using var stage = files is null ? new SinkStage(context) : new SinkStage(context, files);
        Assert.Null((await stage.OpenAsync(open, null, CancellationToken.None)).Resume);
        var end = drain == default ? new StageInput { EndOfInput = new EndOfInput() } : new StageInput { Control = new Control { Action = drain } };
        await stage.ProcessAsync(new MessageFrame(end), this, CancellationToken.None);
        return Completed!;
    }

    /// <summary>Results, then rejects; null where there are none.</summary>
    public byte[]?[] Written(string name) =>
        [.. OutputFiles.Of(Path.Join(Folder.Path, name + Extension)).Named.Select(file => File.Exists(file.Path) ? File.ReadAllBytes(file.Path) : null)];

    /// <summary>Slices of the current input: uncompressed files are cut at line ends; a slice may hold several whole files.</summary>
    public List<InputSlice> RandomSlices(Random random)
    {
        var catalog = InputCatalog.Read(Options.Input, "", [Folder.Path]);
        var slices = new List<InputSlice>();
        for (var index = 0; index < catalog.Files.Count; index++)
        {
            var file = catalog.Files[index];
            if (GzipInput.Is(catalog.PathOf(index)) || random.Next(4) == 0)
            {
                if (slices.Count > 0 && slices[^1].EndByte == slices[^1].Files[^1].Length && slices[^1].FirstByte == 0 && random.Next(2) == 0)
                {
                    slices[^1].Files.Add(file);
                    slices[^1].EndByte = file.Length;
                }
                else
                {
                    slices.Add(new InputSlice { Files = { file }, EndByte = file.Length });
                }

                continue;
            }

            var lines = File.ReadAllBytes(catalog.PathOf(index)).Index().Where(entry => entry.Item == '\n').Select(entry => entry.Index + 1L).ToArray();
            var cuts = Enumerable.Range(0, random.Next(5)).Select(_ => lines[random.Next(lines.Length)]).Append(0).Append(file.Length).Order().ToArray();
            slices.AddRange(cuts.Zip(cuts.Skip(1)).Select(cut => new InputSlice { Files = { file }, FirstByte = cut.First, EndByte = cut.Second }));
        }

        return slices;
    }

    public void Answer(StageOutput answer) => Completed = answer.RunCompleted ?? Completed;

    public ValueTask WriteAsync(Frame frame, CancellationToken cancellationToken) => throw new InvalidOperationException("Sink hands nothing on.");

    public void Dispose() => Folder.Dispose();

    /// <summary>A run of its own.</summary>
    public OpenRun OpenOf(string output, InputSlice? slice)
    {
        var open = new OpenRun { RunId = $"run-{Interlocked.Increment(ref _runs)}", Attempt = 1, Options = Options.Clone() };
        open.Options.Output = Path.Join(Folder.Path, output);
        open.Options.WorkDirectory = Path.Join(Folder.Path, "work", open.RunId);
        open.Options.Slice = slice;
        return open;
    }

    /// <summary>One attempt by the chain of stages.</summary>
    public Task<RunCompleted> RunAsync(OpenRun open, CancellationToken drain = default) => MonolithRunner.RunAsync(
        open, new MonolithOptions { Roots = [Folder.Path] }, null, null, drain, CancellationToken.None);
}
