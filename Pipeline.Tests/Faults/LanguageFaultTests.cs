using System.Globalization;
using Pipeline.Client.Runs;
using Pipeline.Tests.EndToEnd;

namespace Pipeline.Tests.Faults;

/// <summary>
/// The programs of samples/ killed, stopped and asked to end in the middle of a run whose route has all of them: the files are those of an undisturbed
/// run. A program that is stopped may be noticed late: then the run waits, and says for whom.
/// </summary>
[Collection(WholeMachineCollection.Name)]
[Trait("Category", "Faults")]
[Trait("Row", "languages")]
public sealed class LanguageFaultTests : IAsyncLifetime
{
    private const int Usual = 10;
    private const int Lines = 20_000;
    private const double Seconds = 2;

    private FaultBench? _bench;

    private FaultBench Bench => _bench!;

    public async Task InitializeAsync()
    {
        if (WhyNot is null)
            _bench = await FaultBench.StartAsync(Lines, [.. SamplePrograms.Configuration]);
    }

    public async Task DisposeAsync()
    {
        if (_bench is not null)
            await _bench.DisposeAsync();
    }

    [LanguageFaultTheory]
    [InlineData(SamplePrograms.NodeStage)]
    [InlineData(SamplePrograms.NodeTransform)]
    [InlineData(SamplePrograms.PythonAudit)]
    public async Task Run_SampleDisturbedAtARandomMoment_HasTheSameBytes(string program)
    {
        foreach (var (name, disturb) in new (string, Action<int>)[]
        {
            ("SIGKILL", ServiceProcesses.Kill), ("SIGSTOP", Signals.Stop), ("SIGTERM", Signals.Terminate),
        })
        {
            var row = new FaultRow($"{name} {program}");
            var disturbed = 0;
            var longest = TimeSpan.Zero;
            await row.RepeatAsync(FaultSettings.Repeat(Usual), async random =>
            {
                var settings = Bench.NewRun();
                settings.Route = SamplePrograms.Route("node-filter", "rules", "audit");
                settings.Rate = Lines / Seconds;
                var lines = (long)(Lines * random.NextDouble() * 0.9);
                var run = await Bench.Pipeline.UntilAsync(
                    await Bench.Pipeline.Api.StartAsync(settings), now => now.State == RunState.Running && now.Progress.Lines >= lines, FaultBench.Patience);
                Assert.Equal(RunState.Running, run.State);
                disturb(await SamplePrograms.ProcessOfAsync(Bench.Pipeline, program));
                var struck = DateTimeOffset.UtcNow;
                run = await Bench.FinishAsync(run);
                disturbed += run.Attempts > 1 ? 1 : 0;
                longest = run.Ended!.Value - struck > longest ? run.Ended.Value - struck : longest;
            });
            row.Note = string.Create(CultureInfo.InvariantCulture, $"{disturbed} took another attempt, done at most {longest.TotalSeconds:0.0} s later");
            row.Require(disturbed > 0, "no run took a second attempt: the test is vacuous");
            row.Finish();
        }
    }

    private static string? WhyNot => FaultSettings.SkipReason ?? Languages.WhyNotNode ?? Languages.WhyNotPython;

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class LanguageFaultTheoryAttribute : TheoryAttribute
    {
        public LanguageFaultTheoryAttribute() => Skip = WhyNot;
    }
}
