using Pipeline.AppHost.Runs;

namespace Pipeline.Tests.AppHost.Runs;

public sealed class RunReportTests : IDisposable
{
    private readonly string _results = Path.GetTempFileName();
    private readonly StringWriter _output = new() { NewLine = "\n" };

    public void Dispose() => File.Delete(_results);

    [Fact]
    public void A_script_sees_whole_lines_ten_at_most_and_the_result()
    {
        File.WriteAllLines(_results, ["{\"key\":\"click\"}", "{\"key\":\"purchase\"}"]);
        var report = new RunReport(_output, plain: true);
        report.Started(Run("running") with { Input = "/in" });
        for (var percent = 1; percent <= 100; percent++)
            report.Progress(Run("running") with { Progress = new ProgressView(percent * 10, percent / 100.0) });
        report.Completed(
            Run("completed") with { Output = _results, Rejects = "/r", ElapsedMicros = 500_000, Counts = new CountsView(1000, 1, 2, 3, 900, 94) },
            orchestrator: null);

        var lines = _output.ToString().TrimEnd().Split('\n');
        Assert.Equal("run r1 over /in", lines[0]);
        Assert.InRange(lines.Length, 6, 17);
        Assert.Equal(
            [
                "completed in 0.50 s, 2,000 lines/s: 1,000 lines, 994 used, 3 filtered, 2 rejected, 1 blank",
                "  {\"key\":\"click\"}",
                "  {\"key\":\"purchase\"}",
                $"results: {_results}",
                "rejects: /r",
            ],
            lines[^5..]);
    }

    [Fact]
    public void No_speed_is_told_of_a_run_of_several_attempts()
    {
        new RunReport(_output, plain: true).Completed(
            Run("completed") with { Attempts = 2, ElapsedMicros = 500_000, Counts = new CountsView(1000, 0, 0, 0, 1000, 0) }, orchestrator: null);

        Assert.Equal("completed after 2 attempts, the last of 0.50 s: 1,000 lines, 1,000 used, 0 filtered, 0 rejected, 0 blank\n", _output.ToString());
    }

    [Fact]
    public void Many_results_are_cut_short()
    {
        File.WriteAllLines(_results, Enumerable.Range(0, 100).Select(i => $"line {i}"));
        new RunReport(_output, plain: true).Completed(Run("completed") with { Output = _results }, orchestrator: null);

        var lines = _output.ToString().TrimEnd().Split('\n');
        Assert.Equal(["  line 9", "  ...", $"results: {_results}"], lines[^3..]);
    }

    private static RunView Run(string state) => new() { Id = "r1", State = state };
}
