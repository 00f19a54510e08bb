using Pipeline.Client.Runs;
using Pipeline.Files;

namespace Pipeline.Tests.Client.Runs;

public sealed class RunSettingsCheckTests : FolderTests
{
    public RunSettingsCheckTests() => Write("in.ndjson", "");

    [Fact]
    public void Check_Defaults_HaveNoError() =>
        Assert.Empty(RunSettingsCheck.Check(new RunSettings { Input = Folder, Output = Systems.Absolute("/out.ndjson") }));

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
        Input = Folder,
        Rules = "another grammar",
        GroupBy = ["colour"],
    }));

    [Theory]
    [InlineData("")]
    [InlineData(" \n")]
    public void Check_EmptyRules_AreAnErrorAndNotTheDefaultRules(string rules) =>
        Assert.Equal("rules", Assert.Single(RunSettingsCheck.Check(new RunSettings { Input = Folder, Rules = rules })).Field);

    [UnixTheory]
    [InlineData("/dev/fd/63", "/b", "input")]
    [InlineData(null, "/dev/stdout", "output")]
    public void Check_PathOfADescriptor_IsAnError(string? input, string output, string field)
    {
        var error = Assert.Single(RunSettingsCheck.Check(new RunSettings { Input = input ?? Folder, Output = output }));

        Assert.Equal(field, error.Field);
        Assert.Contains("copy the data to a file", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("notes.txt", "must hold input")]
    [InlineData("a/b/lines.JSONL.gz", null)]
    [InlineData("a/.hidden.ndjson", "must hold input")]
    public void Check_DirectoryWithoutInput_IsAnError(string file, string? error)
    {
        var input = InFolder("input");
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Join(input, file))!);
        File.WriteAllText(Path.Join(input, file), "");

        var errors = RunSettingsCheck.Check(new RunSettings { Input = input });

        string[] expected = error is null ? [] : [$"{error}: '{input}' holds no *.ndjson, *.jsonl or *.json file, nor one of them with .gz"];
        Assert.Equal(expected, errors.Select(one => one.Message));
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(3, false)]
    public void WhyNoInput_MoreEntriesThanItLooksAt_IsLeftToWhoeverReadsThem(int most, bool isLeft)
    {
        var input = Path.Join(Folder, "input");
        Directory.CreateDirectory(Path.Join(input, "a", "b", "c"));

        Assert.Equal(isLeft, InputCatalog.WhyNoInput(input, most) is null);
    }

    [Fact]
    public void Check_OutputIsTheInput_IsAnError()
    {
        Write("b", "");
        var settings = new RunSettings { Input = InFolder("b"), Output = Path.Join(Folder, ".", "b") };

        var error = Assert.Single(RunSettingsCheck.Check(settings));

        Assert.Equal("output", error.Field);
        Assert.StartsWith("must not be the input", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("out.ndjson", true)]
    [InlineData("sub/out.json.gz", true)]
    [InlineData("out.txt", false)]
    public void Check_OutputBelowTheInputDirectory_IsAnErrorWhereItWouldBeRead(string output, bool isError)
    {
        Directory.CreateDirectory(InFolder("sub"));

        var errors = RunSettingsCheck.Check(new RunSettings { Input = Folder, Output = InFolder(output), Partitions = 0 });

        string[] expected = isError ? ["output"] : [];
        Assert.Equal(expected, errors.Select(error => error.Field));
    }

    [Fact]
    public void Check_InputThatIsNotThere_IsAnError()
    {
        var error = Assert.Single(RunSettingsCheck.Check(new RunSettings { Input = InFolder("none") }));

        Assert.Equal(("input", $"cannot be read: there is no file or directory {InFolder("none")}"), (error.Field, error.Message));
    }

    [Fact]
    public void Check_OutputInNoDirectory_IsAnError()
    {
        var output = Path.Join(Path.GetTempPath(), Guid.NewGuid().ToString(), "out.ndjson");

        var error = Assert.Single(RunSettingsCheck.Check(new RunSettings { Input = Folder, Output = output }));

        Assert.Equal("output", error.Field);
        Assert.StartsWith("must lie in a directory that exists", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_SameGroupByColumnTwice_IsAnError() =>
        Assert.Equal("groupBy", Assert.Single(RunSettingsCheck.Check(new RunSettings { Input = Folder, GroupBy = ["type", "type"] })).Field);
}
