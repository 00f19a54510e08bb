using System.Diagnostics;
using System.Globalization;

namespace Pipeline.Tests.Faults;

/// <summary>One row of the suite's table: does something again and again, counts, and fails at the end with all that went wrong.</summary>
internal sealed class FaultRow(string name)
{
    /// <summary>What fails so often is broken; going on would only take time.</summary>
    private const int MaxFailures = 3;

    private static readonly Lock ReportLock = new();
    private readonly List<string> _failures = [];
    private readonly long _began = Stopwatch.GetTimestamp();
    private int _passed;
    private int _total;

    /// <summary>What else the table shows.</summary>
    public string Note { get; set; } = "";

    /// <summary>Whether anything went wrong so far.</summary>
    public bool HasFailed => _failures.Count > 0;

    /// <summary>Does it once per number, each time with random numbers of its own.</summary>
    public async Task RepeatAsync(int times, Func<Random, Task> once)
    {
        for (var i = 0; i < times && _failures.Count < MaxFailures; i++)
            await OnceAsync(i.ToString(CultureInfo.InvariantCulture), random => once(random));
        _total = Math.Max(_total, times);
    }

    /// <summary>Does it once; what it is names it among the others of the row.</summary>
    public async Task OnceAsync(string what, Func<Random, Task> once)
    {
        _total++;
        if (_failures.Count >= MaxFailures)
            return;
        try
        {
            // The same numbers for the same seed, whatever other rows are run.
            await once(new Random(HashCode(FaultSettings.Seed, name, what)));
            _passed++;
        }
        catch (Exception exception)
        {
            _failures.Add($"{what}: {exception.Message}");
        }
    }

    /// <summary>A requirement on the row as a whole, such as that its faults disturbed anything.</summary>
    public void Require(bool holds, string what)
    {
        if (!holds)
            _failures.Add(what);
    }

    /// <summary>Tells the table how long something took.</summary>
    /// <param name="what">What is so after that time.</param>
    /// <param name="took">Each time.</param>
    public void NoteTimes(string what, IEnumerable<TimeSpan> took)
    {
        List<double> seconds = [.. took.Select(time => time.TotalSeconds).Order()];
        if (seconds.Count > 0)
        {
            Note = string.Create(
                CultureInfo.InvariantCulture,
                $"{what} after {seconds[0]:0.0}, {seconds[seconds.Count / 2]:0.0}, {seconds[^1]:0.0} s (least, median, most)");
        }
    }

    /// <summary>Tells the table, and fails where anything failed.</summary>
    public void Finish()
    {
        var seconds = Stopwatch.GetElapsedTime(_began).TotalSeconds;
        var line = string.Create(
            CultureInfo.InvariantCulture, $"{name}\t{_passed} of {_total}\t{(_failures.Count == 0 ? "ok" : "FAILED")}\t{seconds:0} s\t{Note}");
        if (Environment.GetEnvironmentVariable("PIPELINE_FAULTS_REPORT") is { Length: > 0 } report)
        {
            lock (ReportLock)
                File.AppendAllText(report, line + "\n");
        }

        Assert.True(
            _failures.Count == 0,
            $"{line}\nPIPELINE_FAULTS_SEED={FaultSettings.Seed}\n{string.Join("\n", _failures)}");
    }

    private static int HashCode(int seed, string row, string what)
    {
        // Not string.GetHashCode: that one differs from process to process.
        var hash = seed;
        foreach (var character in $"{row}/{what}")
            hash = unchecked((hash * 31) + character);
        return hash;
    }
}
