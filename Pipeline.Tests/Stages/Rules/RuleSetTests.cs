using Pipeline.Contracts;
using Pipeline.Stages.Rules.Definition;

namespace Pipeline.Tests.Stages.Rules;

public sealed class RuleSetTests
{
    [Fact]
    public void Parse_NoRules_GivesTheDefaultRules()
    {
        Assert.Equal(["rule"], RuleSet.Parse("").SetColumns);
        Assert.Equal(["type", "user", "ts", "value", "line", "offset", "rule"], RuleSet.Parse(RuleSet.DefaultJson).Columns);
        Assert.Equal(RuleSet.DefaultJson, File.ReadAllText(Path.Combine(Repository.Root, "samples", "rules.json")));
    }

    [Fact]
    public void Parse_ExamplesOfTheDocumentation_AreAccepted()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "rules.md"));
        var examples = page.Split("```json\n").Skip(1).Select(part => part[..part.IndexOf("```", StringComparison.Ordinal)]).ToList();
        Assert.True(examples.Count > 1);
        Assert.All(examples, example => RuleSet.Parse(example));
    }

    [Fact]
    public void Parse_ManyErrorsAmongManyColumns_ReportsTheFirstInAShortMessage()
    {
        var sets = Enumerable.Range(0, 900).Select(number => $$"""{"set":"column_{{new string('n', 40)}}_{{number}}","to":"1"}""");
        var drops = Enumerable.Range(0, 20_000).Select(_ => """{"drop":"tpye == 1"}""");

        var error = Assert.Throws<StageException>(() => RuleSet.Parse($$"""{"rules":[{{string.Join(",\n", sets.Concat(drops))}}]}""")).Failure;

        Assert.StartsWith("the rules are wrong, at least 100 mistakes:", error.Message, StringComparison.Ordinal);
        Assert.Contains(" and 886 more", error.Message, StringComparison.Ordinal);
        Assert.True(error.Message.Length < 100_000, $"{error.Message.Length} characters");
    }

    [Fact]
    public void Parse_MoreWordsInAllThanCanBeCompiledInTime_IsRefusedAtTheRuleThatIsTooMuch()
    {
        // Each rule has 503 words and symbols, and an end token.
        var rule = $$"""{"drop":"value < {{string.Join(" + ", Enumerable.Repeat("1", 250))}} + value"}""";
        Assert.NotNull(RuleSet.TryParse($$"""{"rules":[{{string.Join(',', Enumerable.Repeat(rule, 65))}}]}""", out _));

        Assert.Null(RuleSet.TryParse($$"""{"rules":[{{string.Join(",\n", Enumerable.Repeat(rule, 1_000))}}]}""", out var errors));
        Assert.Equal((66, "the rules up to here have 33,264 words and symbols; at most 32,768 are allowed in all"), (errors[0].Rule, errors[0].Message));
        Assert.Single(errors);
    }

    [Fact]
    public void Parse_SeveralErrors_ReportsAllWithTheirPositions()
    {
        const string Json = """
            {
              "rules": [
                { "drop": "tpye == 'view' || vlaue < 1" },
                { "set": "a b", "to": "'x'" },
                { "drop": "value" },
                { "set": "big", "to": "value > type" },
                { "drop": "big" },
                { "drop": "'\u00e4' + '😀' == tip" },
                { "set": "value", "to": "'text'" },
                { "dorp": "true" },
                { "drop": "true", "to": "1" },
                "drop",
                { "set": "x", "to": "1 / 0" },
                { "drop": 5 }
              ]
            }
            """;
        Assert.Null(RuleSet.TryParse(Json, out var errors));
        Assert.Equal(
            [(1, 3, 16), (1, 3, 34), (2, 4, 15), (3, 5, 16), (4, 6, 34), (6, 8, 35), (7, 9, 30), (8, 10, 7), (9, 11, 5), (10, 12, 5),
                (11, 13, 26), (12, 14, 15)],
            errors.Select(error => (error.Rule, error.Line, error.Column)));
        Assert.Contains("unknown column 'tpye'; known here: type, user, ts, value, line, offset", errors[0].Message, StringComparison.Ordinal);

        var exception = Assert.Throws<StageException>(() => RuleSet.Parse(Json));
        Assert.Equal(FailureReasons.InvalidRules, exception.Failure.Reason);
        Assert.All(errors, error => Assert.Contains(error.ToString(), exception.Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"rules":[{"drop":"true"}""", "no valid JSON")]
    [InlineData("nope\n", @"'nope\u000a'")]
    [InlineData("[]", "the rules are an object")]
    [InlineData("{}", "\"rules\" is missing")]
    [InlineData("""{"rules":{}}""", "array")]
    [InlineData("""{"rules":[],"rules":[]}""", "second time")]
    [InlineData("""{"rules":[],"x":[1,[2]]}""", "unknown member")]
    [InlineData("""{"rules":[{"drop":"true","drop":"false"}]}""", "second time")]
    [InlineData("""{"rules":[{"set":"x"}]}""", "either")]
    [InlineData("""{"rules":[{}]}""", "either")]
    [InlineData("""{"rules":[{"drop":"\ud800"}]}""", "valid Unicode")]
    [InlineData("""{"rules":[{"set":"line","to":"1"}]}""", "cannot be set")]
    [InlineData("""{"rules":[{"set":"in","to":"1"}]}""", "word of the language")]
    [InlineData("""{"rules":[{"set":"","to":"1"}]}""", "1 to 64 characters")]
    [InlineData("""{"rules":[{"set":"1a","to":"1"}]}""", "begin with a digit")]
    [InlineData("""{"rules":[{"set":"a","to":"1"},{"set":"a","to":"'x'"}]}""", "is a number, this is a text")]
    [InlineData("""{"rules":[{"set":"a","to":"9223372036854775808"}]}""", "too large")]
    [InlineData("""{"rules":[{"set":"a","to":"79228162514264337593543950335 * 10"}]}""", "no number")]
    public void TryParse_InvalidRules_ReportsTheError(string json, string message)
    {
        Assert.Null(RuleSet.TryParse(json, out var errors));
        Assert.Contains(message, Assert.Single(errors).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_CommentsAndTrailingComma_AreAccepted() =>
        Assert.Empty(RuleSet.Parse("{\"rules\":[ /* why */ {\"drop\":\"true\",\"comment\":\"why\"}, // so\n]}").SetColumns);

    [Fact]
    public void CheckColumns_EventSetAndUnknownColumns_RefusesTheUnknownOnly()
    {
        var rules = RuleSet.Parse("""{"rules":[{"set":"size","to":"value > 10 ? 'big' : 'small'"}]}""");
        rules.CheckColumns(["type", "size"]);

        var exception = Assert.Throws<StageException>(() => rules.CheckColumns(["type", "sise", "rule"]));
        Assert.Equal(FailureReasons.InvalidOptions, exception.Failure.Reason);
        Assert.Equal("unknown column 'sise', 'rule': the events have type, user, ts, value, line, offset, size", exception.Message);
    }
}
