using Pipeline.Bench.Figures;

namespace Pipeline.Tests.Bench.Figures;

public class SpreadTests
{
    [Theory]
    [InlineData(new[] { 3.0 }, 3, 3, 3)]
    [InlineData(new[] { 5.0, 1.0, 3.0 }, 3, 1, 5)]
    [InlineData(new[] { 10.0, 1.0, 2.0, 4.0 }, 3, 1, 10)]
    public void Of_OneOrMoreFigures_GivesMedianMinimumAndMaximum(double[] figures, double median, double min, double max) =>
        Assert.Equal(new Spread(median, min, max), Spread.Of(figures));

    [Fact]
    public void OfRatios_TwoSeries_DividesRoundByRound() =>
        // Ratios within a round: both measurements of a round ran under the same load.
        Assert.Equal(new Spread(2, 2, 2), Spread.OfRatios([20, 10, 40], [10, 5, 20]));

    [Fact]
    public void Spread_NoFiguresOrUnequalCounts_Throws()
    {
        Assert.Throws<ArgumentException>(() => Spread.Of([]));
        Assert.Throws<ArgumentException>(() => Spread.OfRatios([1, 2], [1]));
    }
}
