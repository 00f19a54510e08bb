using System.Globalization;
using System.Text.RegularExpressions;
using Pipeline.Orchestrator.Runs;

namespace Pipeline.Tests.Faults;

/// <summary>
/// What shows that a fault did disturb something: batches read again (run.json), lines that Parse took in more than once and frames
/// that attempts dropped when they were broken off (the stages' logs).
/// </summary>
internal sealed partial class Evidence(string data)
{
    private readonly List<Run> _runs = [];

    /// <summary>Runs that took more than one attempt.</summary>
    public int Recovered => _runs.Count(run => run.Attempts > 1);

    public long ReplayedBatches => _runs.Sum(run => run.ReplayedBatches);

    public void Add(Run run) => _runs.Add(run);

    /// <summary>Lines that came to Parse again, and frames dropped.</summary>
    public (long Replayed, long Discarded) ReadLogs()
    {
        var ids = _runs.ToDictionary(run => run.Id);
        var taken = new Dictionary<string, long>();
        long discarded = _runs.Sum(run => run.DiscardedFrames);
        foreach (var path in Directory.EnumerateFiles(Path.Combine(data, "logs")))
        {
            var isParse = Path.GetFileName(path).StartsWith("parse.", StringComparison.Ordinal);
            foreach (var match in Lines(path).Select(line => Ending().Match(line)).Where(match => match.Success && ids.ContainsKey(match.Groups[1].Value)))
            {
                if (isParse)
                    taken[match.Groups[1].Value] = taken.GetValueOrDefault(match.Groups[1].Value) + Number(match.Groups[2]);
                discarded += match.Groups[3].Success ? Number(match.Groups[3]) : 0;
            }
        }

        return (taken.Sum(pair => Math.Max(0, pair.Value - ids[pair.Key].Counts.Lines)), discarded);
    }

    private static long Number(Group group) => long.Parse(group.Value, CultureInfo.InvariantCulture);

    private static IEnumerable<string> Lines(string path)
    {
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        while (reader.ReadLine() is { } line)
            yield return line;
    }

    [GeneratedRegex(@"Run (\S+), attempt \d+: .*?(\d+) items in, (?:(\d+) frames discarded)?")]
    private static partial Regex Ending();
}
