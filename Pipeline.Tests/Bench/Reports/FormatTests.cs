using Pipeline.Bench.Figures;
using Pipeline.Bench.Reports;

namespace Pipeline.Tests.Bench.Reports;

public sealed class FormatTests
{
    [Theory]
    [InlineData(0, "unknown")]
    [InlineData(-1, "unknown")]
    [InlineData(5_000_000, "5")]
    public void Megabytes_FigureThatTheSystemDoesNotTell_IsUnknown(double bytes, string expected) =>
        Assert.Equal(expected, Format.Megabytes(new Spread(bytes, bytes, bytes)));
}
