using System.Globalization;
using Pipeline.Stages.Core.Batching;

namespace Pipeline.Tests.Stages.Rules;

public sealed class RangeTests
{
    private static readonly decimal[] Literals =
    [
        -12.75m, -1.5m, -1m, -0.25m, 0m, 0.25m, 1m, 1.5m, 12.75m, 127m, 128m, -128m, -129m, 9223372036854775807m, 9223372036854775808m, -9223372036854775809m,
    ];

    /// <summary>Comparisons for every column width, also with literals that have more decimals or are out of range.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Process_ColumnComparedWithLiteral_MatchesDecimalComparison(int scale)
    {
        foreach (var width in new[] { 0, 1, 2, 4, 8 })
        {
            var mantissas = Enumerable.Range(-40, 81).Select(number => width == 0 ? 0L : number == 40 && width == 8 ? long.MaxValue : number).ToArray();
            var values = mantissas.Select(mantissa => mantissa / (decimal)PowersOfTen.Values[scale]).ToArray();
            foreach (var literal in Literals)
            {
                var text = literal.ToString(CultureInfo.InvariantCulture);
                var comparisons = new (string Rule, Func<decimal, bool> Holds)[]
                {
                    ($"value < {text}", value => value < literal), ($"value <= {text}", value => value <= literal),
                    ($"{text} < value", value => value > literal), ($"{text} <= value", value => value >= literal),
                    ($"value == {text}", value => value == literal), ($"{text} != value", value => value != literal),
                };
                var run = await RulesRun.OpenAsync(
                    RulesRun.Json([.. comparisons.Select((comparison, index) => $"drop ts == {index} && {comparison.Rule}")]), "value");
                for (var index = 0; index < comparisons.Length; index++)
                {
                    run.Output.Clear();
                    await run.SendAsync(Frames.Events(81).With(Frames.Number("value", mantissas, scale, width))
                        .With(Frames.Number("ts", [.. mantissas.Select(_ => (long)index)]))
                        .With(Frames.Number("line", new long[81])).With(Frames.Number("offset", new long[81])));
                    Assert.Equal(values.Where(value => !comparisons[index].Holds(value)).Cast<object>(), run.Values("value"));
                }
            }
        }
    }
}
