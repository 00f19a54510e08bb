using CsCheck;
using Pipeline.Contracts.V1;

namespace Pipeline.Tests.Stages.Rules;

/// <summary>Evaluating rules over whole columns gives the same as evaluating them row by row.</summary>
public sealed class ColumnarPropertyTests
{
    private static readonly string[] Wanted = ["type", "user", "value", "ts", "n", "t", "b"];

    [Fact]
    public void Process_RandomRules_MatchesRowByRowEvaluation() => Gen.Select(RandomRules.Rules, RandomFrames.Frame.Array[1, 4]).Sample(
        (rules, frames) =>
        {
            if (FailForEveryEvent(rules))
                return;

            var run = Apply(rules, frames, Wanted);
            var expected = new Reference(rules).Over(frames);

            Assert.Equal(expected.Rows, Rows(run, Wanted));
            Assert.Equal(expected.Filtered, run.Filtered);
            Assert.Equal(expected.Filtered, run.Context.Meter.Filtered);
            Assert.Equal(expected.Rejects, run.Rejects.Select(reject => (reject.Line, reject.Reason)));
            Assert.Equal(expected.Rejects.Count(reject => reject.Reason == "rule_failed"), run.Context.Meter.Rejected);
        },
        iter: 500,
        print: Print);

    [Fact]
    public void Process_FewerColumnsRequested_DropsAndRejectsTheSameEvents() => Gen.Select(RandomRules.Rules, RandomFrames.Frame.Array[1, 2]).Sample(
        (rules, frames) =>
        {
            if (FailForEveryEvent(rules))
                return;

            var all = Apply(rules, frames, Wanted);
            var few = Apply(rules, frames, "value");

            Assert.Equal(all.Filtered, few.Filtered);
            Assert.Equal(all.Rejects.Select(reject => reject.Line), few.Rejects.Select(reject => reject.Line));
            Assert.Equal(all.Values("value"), few.Values("value"));
            Assert.All(few.Output.Events.Where(frame => frame.Count > 0), frame => Assert.Equal("value", Assert.Single(frame.Columns).Name));
        },
        iter: 100,
        print: Print);

    // Rules that would fail for every event are refused when they are parsed.
    private static bool FailForEveryEvent(RandomRule[] rules)
    {
        Pipeline.Stages.Rules.Definition.RuleSet.TryParse(RulesRun.Json([.. rules.Select(rule => rule.Text)]), out var errors);
        Assert.All(errors, error => Assert.Matches("fails for every event|too large for a column", error.Message));
        return errors.Count > 0;
    }

    // Frames have only the requested columns, as Parse would send them.
    private static RulesRun Apply(RandomRule[] rules, PlainFrame[] frames, params string[] wanted)
    {
        var run = RulesRun.OpenAsync(RulesRun.Json([.. rules.Select(rule => rule.Text)]), wanted).GetAwaiter().GetResult();
        var line = 1L;
        foreach (var plain in frames)
        {
            var frame = plain.ToFrame(line);
            line += plain.Count * 2;
            frame.Columns.RemoveAll(column => !run.Opened.Columns.Contains(column.Name));
            run.SendAsync(frame).GetAwaiter().GetResult();
        }

        return run.SendAsync(Frames.Message(message => message.EndOfInput = new EndOfInput())).GetAwaiter().GetResult();
    }

    private static List<string> Rows(RulesRun run, string[] columns)
    {
        var values = columns.Select(run.Values).ToList();
        return [.. Enumerable.Range(0, values[0].Length).Select(row => string.Join('|', values.Select(column => Plain(column[row]))))];
    }

    private static string Plain(object value) => value is decimal number
        ? (number / 1.000000000000000000000000000000000m).ToString(System.Globalization.CultureInfo.InvariantCulture)
        : $"{value}";

    private static string Print((RandomRule[] Rules, PlainFrame[] Frames) sample) =>
        string.Join('\n', sample.Rules.Select(rule => rule.Text)) + "\nframes of " + string.Join(", ", sample.Frames.Select(frame => frame.Count));

    /// <summary>Evaluates rules row by row, with the C# formulas of the generator.</summary>
    private sealed class Reference(RandomRule[] rules)
    {
        public List<string> Rows { get; } = [];

        public List<(long Line, string Reason)> Rejects { get; } = [];

        public long Filtered { get; private set; }

        public Reference Over(PlainFrame[] frames)
        {
            var line = 1L;
            foreach (var frame in frames)
            {
                Rejects.AddRange(frame.RejectLines(line).Select(reject => (reject, "invalid_json")));
                for (var row = 0; row < frame.Count; row++)
                    Apply(frame.Row(row, line));

                line += frame.Count * 2;
            }

            Rejects.Sort();
            return this;
        }

        private void Apply(Dictionary<string, object> row)
        {
            try
            {
                foreach (var rule in rules)
                {
                    var result = rule.Formula.Evaluate(row);
                    if (rule.Column is not null)
                    {
                        row[rule.Column] = result is decimal number ? Round(number) : result;
                    }
                    else if ((bool)result)
                    {
                        Filtered++;
                        return;
                    }
                }

                Rows.Add(string.Join('|', Wanted.Select(column => Plain(row[column]))));
            }
            catch (ArithmeticException)
            {
                Rejects.Add(((long)(decimal)row["line"], "rule_failed"));
            }
        }

        private static decimal Round(decimal number)
        {
            var rounded = Math.Round(number, 9, MidpointRounding.ToEven) / 1.000000000000000000000000000000000m;
            var digits = rounded.ToString(System.Globalization.CultureInfo.InvariantCulture).Replace(".", "", StringComparison.Ordinal);
            var mantissa = System.Numerics.BigInteger.Abs(System.Numerics.BigInteger.Parse(digits, System.Globalization.CultureInfo.InvariantCulture));
            return mantissa < System.Numerics.BigInteger.Pow(2, 63) ? rounded : throw new OverflowException();
        }
    }
}
