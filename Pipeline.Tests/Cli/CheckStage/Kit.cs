using Pipeline.Cli;
using Pipeline.Cli.CheckStage;
using Pipeline.Tests.Broker;

namespace Pipeline.Tests.Cli.CheckStage;

/// <summary>Makes all checks of a stage with the key of the tests, and gives what they found.</summary>
internal static class Kit
{
    public const string Key = BrokerFixture.Key;

    /// <summary>No waits but for answers, and few lines.</summary>
    public static CheckLimits Limits { get; } = new()
    {
        Answer = TimeSpan.FromSeconds(30),
        Health = TimeSpan.FromSeconds(10),
        Stall = TimeSpan.FromMilliseconds(50),
        Silence = TimeSpan.Zero,
        ReferenceLines = 3000,
    };

    public static async Task<IReadOnlyList<CheckOutcome>> CheckAsync(Uri address, string role, CheckLimits? limits = null, string key = Key)
    {
        var target = new StageTarget(address, role, key, PassesThrough: true);
        var outcomes = new List<CheckOutcome>();
        await foreach (var outcome in new Conformance(target, limits ?? Limits, TimeProvider.System).RunAsync(CancellationToken.None))
            outcomes.Add(outcome);
        Assert.Equal(StageChecks.All.Select(check => check.Name), outcomes.Select(outcome => outcome.Name));
        return outcomes;
    }

    /// <summary>Sees that these checks failed, and no others.</summary>
    public static void RequireFailed(this IReadOnlyList<CheckOutcome> outcomes, params string[] checks) => Assert.True(
        outcomes.Where(outcome => outcome.Result == CheckResult.Fail).Select(outcome => outcome.Name).SequenceEqual(checks),
        $"should fail [{string.Join(", ", checks)}]:\n{outcomes.Report()}");

    private static string Report(this IReadOnlyList<CheckOutcome> outcomes)
    {
        using var text = new StringWriter();
        foreach (var outcome in outcomes)
            CheckReport.Write(new LineWriter(text), outcome);
        return text.ToString();
    }
}
