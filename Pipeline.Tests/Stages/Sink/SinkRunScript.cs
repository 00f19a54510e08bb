using System.Text;
using Google.Protobuf;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Files;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Stages.Sink;

namespace Pipeline.Tests.Stages.Sink;

/// <summary>
/// Plays the stages above Sink for a run over <see cref="Lines"/> made-up lines: some blank, filtered, rejected, work items, most of
/// them events of a few groups; a checkpoint after every <see cref="CheckpointEvery"/>. It continues from where Sink resumes.
/// </summary>
internal sealed class SinkRunScript : IAnswerOutput, IFrameOutput, IDisposable
{
    public const int Lines = 100;
    public const int CheckpointEvery = 24;

    public TestFolder Folder { get; } = new();

    public string Results => Path.Join(Folder.Path, "results.ndjson");

    public string Rejects => Path.Join(Folder.Path, "results.rejects.ndjson");

    public string WorkFolder => Path.Join(Folder.Path, "runs", "run-1");

    public OpenRun Open { get; }

    public List<StageOutput> Answers { get; } = [];

    /// <summary>Whether the run has rejects.</summary>
    public bool HasRejects { get; init; } = true;

    public StageMeter Meter { get; private set; } = new();

    public FakeTimeProvider Time { get; } = new();

    /// <summary>How long the stages above take for each page of state.</summary>
    public TimeSpan PageTime { get; init; }

    public SinkRunScript() => Open = new OpenRun
    {
        RunId = "run-1",
        Options = new RunOptions
        {
            Input = Path.Join(Folder.Path, "in.ndjson"),
            Output = Results,
            WorkDirectory = WorkFolder,
            GroupBy = { "type" },
        },
    };

    public void Dispose() => Folder.Dispose();

    public void Answer(StageOutput answer) => Answers.Add(answer);

    public ValueTask WriteAsync(Frame frame, CancellationToken cancellationToken) => throw new InvalidOperationException("Sink hands nothing on.");

    public SinkStage Stage(IDurableFiles? files = null)
    {
        Meter = new StageMeter();
        var context = Stages.Frames.Context(Time, Folder.Path, answers: this, meter: Meter);
        return files is null ? new SinkStage(context) : new SinkStage(context, files);
    }

    public async Task<RunOpened> OpenAsync(SinkStage stage, long attempt)
    {
        var open = Open.Clone();
        open.Attempt = attempt;
        var opened = await stage.OpenAsync(open, null, CancellationToken.None);
        if (opened.Resume?.ToPage() is { } last)
        {
            foreach (var page in stage.StoredPages)
            {
                last.Groups.AddRange(page.OpenState()!.Groups);
                Time.Advance(PageTime);
            }

            opened.Resume = last.ToCheckpoint();
        }

        return RunOpened.Parser.ParseFrom(opened.ToByteArray());
    }

    /// <summary>One whole attempt.</summary>
    public async Task<RunOpened> RunAsync(long attempt, IDurableFiles? files = null, int lines = Lines)
    {
        await using var stage = Stage(files);
        var opened = await OpenAsync(stage, attempt);
        await PlayAsync(stage, opened.Resume, lines);
        return opened;
    }

    /// <summary>All frames after a checkpoint, up to the end or to a drain after so many lines.</summary>
    public async Task PlayAsync(SinkStage stage, Checkpoint? resume, int lines = Lines)
    {
        foreach (var frame in Frames(resume, lines))
            await stage.ProcessAsync(frame, this, CancellationToken.None);
    }

    public IEnumerable<Frame> Frames(Checkpoint? resume, int lines = Lines)
    {
        var last = resume?.ToPage();
        var counts = last?.Counts ?? new Counts();
        var groups = last?.Groups.ToDictionary(group => group.Key[0].Text) ?? [];
        var id = last?.Id ?? 0;
        var line = last?.Position.Line ?? 0;
        while (line < lines)
        {
            line++;
            switch (KindOf(line))
            {
                case "blank":
                    counts.Blank++;
                    break;
                case "filtered":
                    counts.Filtered++;
                    break;
                case "reject":
                    yield return new EventFrame { Rejects = { RejectOf(line) } };
                    break;
                case "item":
                    yield return Message(new StageInput { WorkItems = new WorkItemBatch { Items = { ItemOf(line) } } });
                    break;
                default:
                    counts.Events++;
                    Add(groups, line);
                    break;
            }

            if (line % CheckpointEvery == 0 && line < lines)
            {
                foreach (var page in Pages())
                    yield return page;
            }
        }

        foreach (var page in Pages())
            yield return page;

        yield return Message(lines == Lines
            ? new StageInput { EndOfInput = new EndOfInput() }
            : new StageInput { Control = new Control { Action = ControlAction.Drain } });

        // Two pages, as for a large state; counts that the stages above do not send are left out.
        IEnumerable<Frame> Pages()
        {
            id++;
            var all = groups.Values.Select(group => group.Clone()).ToList();
            var half = all.Count / 2;
            var position = new Position { Offset = line * 10, Line = line, TotalLines = line, BlankLines = counts.Blank, TotalBytes = line * 10 };
            yield return Message(new StageInput { Checkpoint = new CheckpointPage { Id = id, More = true, Groups = { all.Take(half) } }.ToCheckpoint() });
            var page = new CheckpointPage
            {
                Id = id,
                Position = position,
                Counts = new Counts { Events = counts.Events, Filtered = counts.Filtered },
                Groups = { all.Skip(half) },
            };
            yield return Message(new StageInput { Checkpoint = page.ToCheckpoint() });
        }
    }

    public byte[] ExpectedResults()
    {
        var text = new StringBuilder();
        var sums = new SortedDictionary<string, (long Count, long Sum)>(StringComparer.Ordinal);
        for (long line = 1; line <= Lines; line++)
        {
            if (KindOf(line) == "item")
            {
                text.Append($"{{\"workItemId\":\"w-{line}\",\"vectorChecksum\":{line}.5,\"score\":{line},\"finalScore\":-{line}}}\n");
            }
            else if (KindOf(line) == "event")
            {
                var (count, sum) = sums.GetValueOrDefault(KeyOf(line));
                sums[KeyOf(line)] = (count + 1, sum + line);
            }
        }

        foreach (var (key, (count, sum)) in sums)
            text.Append($"{{\"key\":\"{key}\",\"count\":{count},\"sum\":{sum},\"avg\":{(double)sum / count:R}}}\n");

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    public byte[] ExpectedRejects() => Encoding.UTF8.GetBytes(string.Concat(
        Enumerable.Range(1, Lines).Where(line => KindOf(line) == "reject")
            .Select(line => $"{{\"line\":{line},\"offset\":{line * 10},\"reason\":\"invalid_json\",\"raw\":\"bad {line}\"}}\n")));

    /// <summary>Both files are those of a run without faults, and no temporary files are left.</summary>
    public void AssertComplete()
    {
        Assert.Equal(Encoding.UTF8.GetString(ExpectedResults()), File.ReadAllText(Results));
        Assert.Equal(HasRejects, File.Exists(Rejects));
        if (HasRejects)
            Assert.Equal(Encoding.UTF8.GetString(ExpectedRejects()), File.ReadAllText(Rejects));

        Assert.Empty(Directory.EnumerateFiles(Folder.Path, "*.tmp", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }));
        Assert.Empty(Directory.EnumerateFiles(WorkFolder, "*.part"));
        Assert.Empty(Directory.EnumerateFiles(WorkFolder, "checkpoint.*"));
    }

    private string KindOf(long line) =>
        line % 11 == 0 ? "blank" : line % 13 == 0 ? "filtered" : line % 5 == 0 && HasRejects ? "reject" : line % 7 == 0 ? "item" : "event";

    private static string KeyOf(long line) => $"k{line % 4}";

    private static Reject RejectOf(long line) =>
        new() { Line = line, Offset = line * 10, Reason = "invalid_json", Raw = ByteString.CopyFromUtf8($"bad {line}") };

    private static WorkItem ItemOf(long line) => new() { Id = $"w-{line}", VectorChecksum = line + 0.5, Score = line, FinalScore = -line };

    private static MessageFrame Message(StageInput message) => new(StageInput.Parser.ParseFrom(message.ToByteArray()));

    private static void Add(Dictionary<string, Group> groups, long value)
    {
        if (!groups.TryGetValue(KeyOf(value), out var group))
            groups.Add(KeyOf(value), group = new Group { Key = { new Scalar { Text = KeyOf(value) } } });

        group.Count++;
        group.SumLow += (ulong)value;
    }
}
