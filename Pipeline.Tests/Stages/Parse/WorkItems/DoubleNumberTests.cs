using System.Globalization;
using System.Text;
using CsCheck;
using Pipeline.Stages.Parse.WorkItems;

namespace Pipeline.Tests.Stages.Parse.WorkItems;

public sealed class DoubleNumberTests
{
    [Theory]
    [InlineData("0")]
    [InlineData("-0")]
    [InlineData("-0.0")]
    [InlineData("1")]
    [InlineData("0.1")]
    [InlineData("0.6011037519201636")]
    [InlineData("9007199254740993")]
    [InlineData("900719925474099.25")]
    [InlineData("9007199254740993.0000000000000000000000000000000000000001")]
    [InlineData("18014398509481990")]
    [InlineData("9999999999999999999")]
    [InlineData("18446744073709551616")]
    [InlineData("1.0000000000000000000000000000000000000000000000000000000000000000000000001")]
    [InlineData("0.00000000000000000000000000000000000000000000000000123456789")]
    [InlineData("0.000000000000000000000000000000000000000000000000000000000000000000000000001")]
    [InlineData("1e400")]
    [InlineData("-1E+400")]
    [InlineData("4.9e-324")]
    [InlineData("2.4e-324")]
    [InlineData("1.7976931348623157e308")]
    public void Parse_EdgeCases_GivesTheNearestDouble(string text) => AssertSame(text, ",1");

    [Fact]
    public void Parse_PrintedDoubles_MatchesTheFramework() =>
        Gen.Double[-1e6, 1e6].Sample(value => AssertSame(value.ToString("R", CultureInfo.InvariantCulture), ""), iter: 20_000);

    [Fact]
    public void Parse_RandomDigits_MatchesTheFramework() =>
        Gen.Select(Gen.ULong, Gen.Int[0, 70], Gen.Int[0, 63]).Sample(
            (bits, decimals, shift) =>
            {
                var digits = (bits >> shift).ToString(CultureInfo.InvariantCulture).PadLeft(decimals + 1, '0');
                AssertSame(decimals == 0 ? digits : digits[..^decimals] + "." + digits[^decimals..], "]");
            },
            iter: 20_000);

    // Decimals exactly halfway between two doubles, and the decimals just above and below.
    [Fact]
    public void Parse_TiesAndTheirNeighbours_MatchesTheFramework() =>
        Gen.Select(Gen.ULong[1UL << 52, (1UL << 53) - 1], Gen.Int[0, 4], Gen.Int[-1, 1]).Sample(
            (mantissa, decimals, off) =>
            {
                var tie = (((decimal)mantissa * 2) + 1) * (decimals == 0 ? 1m : 1m / (1 << decimals));
                var text = (tie + (off * 0.00000000001m)).ToString(CultureInfo.InvariantCulture);
                AssertSame(text, "}");
            },
            iter: 20_000);

    private static void AssertSame(string text, string behind)
    {
        var expected = double.Parse(text, CultureInfo.InvariantCulture);
        var actual = DoubleNumber.Parse(Encoding.ASCII.GetBytes(text + behind), out var length);
        Assert.True(BitConverter.DoubleToInt64Bits(expected) == BitConverter.DoubleToInt64Bits(actual), $"{text}: {actual:R} instead of {expected:R}");
        Assert.Equal(text.Length, length);
    }
}
