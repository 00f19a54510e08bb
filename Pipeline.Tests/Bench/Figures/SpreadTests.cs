using Pipeline.Bench.Figures;

namespace Pipeline.Tests.Bench.Figures;

public class SpreadTests
{
    [Theory]
    [InlineData(new[] { 3.0 }, 3, 3, 3)]
    [InlineData(new[] { 5.0, 1.0, 3.0 }, 3, 1, 5)]
    [InlineData(new[] { 10.0, 1.0, 2.0, 4.0 }, 3, 1, 10)]
    public void Takes_the_middle_and_both_ends(double[] figures, double median, double min, double max) =>
        Assert.Equal(new Spread(median, min, max), Spread.Of(figures));

    [Fact]
    public void Compares_round_by_round() =>
        // What slows a round down slows both.
        Assert.Equal(new Spread(2, 2, 2), Spread.OfRatios([20, 10, 40], [10, 5, 20]));

    [Fact]
    public void Refuses_what_cannot_be_told()
    {
        Assert.Throws<ArgumentException>(() => Spread.Of([]));
        Assert.Throws<ArgumentException>(() => Spread.OfRatios([1, 2], [1]));
    }
}
