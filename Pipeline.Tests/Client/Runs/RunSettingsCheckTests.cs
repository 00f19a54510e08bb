using Pipeline.Client.Runs;

namespace Pipeline.Tests.Client.Runs;

public sealed class RunSettingsCheckTests
{
    private static readonly RunSettings Good = new() { Input = Systems.Absolute("/in.ndjson"), Output = Systems.Absolute("/out.ndjson") };

    [Fact]
    public void Check_Defaults_HaveNoError() => Assert.Empty(RunSettingsCheck.Check(Good));

    [Fact]
    public void Check_SeveralWrongFields_ReturnsAllErrors()
    {
        var errors = RunSettingsCheck.Check(new RunSettings
        {
            Input = "relative",
            Output = Systems.Absolute("/dir/"),
            BatchSize = 100_001,
            LingerMicros = -1,
            MaxLineBytes = 63,
            AllowedTypes = ["a", ""],
            Rules = " ",
            GroupBy = [],
            ExtraAggregates = ["median"],
            CheckpointIntervalMillis = 3_600_001,
            Route = ["ingest"],
            Rate = double.NaN,
        });

        string[] fields =
        [
            "allowedTypes", "batchSize", "checkpointIntervalMillis", "extraAggregates", "groupBy", "input", "lingerMicros", "maxLineBytes", "output",
            "rate", "route", "rules",
        ];
        Assert.Equal(fields, errors.Select(error => error.Field).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Check_RulesAndColumns_AreLeftToTheRulesStage() => Assert.Empty(RunSettingsCheck.Check(new RunSettings
    {
        Input = Systems.Absolute("/in"),
        Rules = "another grammar",
        GroupBy = ["colour"],
    }));

    [Theory]
    [InlineData("")]
    [InlineData(" \n")]
    public void Check_EmptyRules_AreAnErrorAndNotTheDefaultRules(string rules) =>
        Assert.Equal("rules", Assert.Single(RunSettingsCheck.Check(new RunSettings { Input = Systems.Absolute("/a"), Rules = rules })).Field);

    [UnixTheory]
    [InlineData("/dev/fd/63", "/b", "input")]
    [InlineData("/a", "/dev/stdout", "output")]
    public void Check_PathOfADescriptor_IsAnError(string input, string output, string field)
    {
        var error = Assert.Single(RunSettingsCheck.Check(new RunSettings { Input = input, Output = output }));

        Assert.Equal(field, error.Field);
        Assert.Contains("copy the data to a file", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_OutputIsTheInput_IsAnError()
    {
        var folder = Path.GetTempPath();
        var settings = new RunSettings { Input = Path.Join(folder, "b"), Output = Path.Join(folder, ".", "b") };

        var error = Assert.Single(RunSettingsCheck.Check(settings));

        Assert.Equal("output", error.Field);
        Assert.StartsWith("must not be the input", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_OutputInNoDirectory_IsAnError()
    {
        var output = Path.Join(Path.GetTempPath(), Guid.NewGuid().ToString(), "out.ndjson");

        var error = Assert.Single(RunSettingsCheck.Check(new RunSettings { Input = Systems.Absolute("/a"), Output = output }));

        Assert.Equal("output", error.Field);
        Assert.StartsWith("must lie in a directory that exists", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_SameGroupByColumnTwice_IsAnError() =>
        Assert.Equal("groupBy", Assert.Single(RunSettingsCheck.Check(new RunSettings { Input = Systems.Absolute("/a"), GroupBy = ["type", "type"] })).Field);
}
