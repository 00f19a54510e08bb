using System.Globalization;
using System.Numerics;
using System.Text;
using CsCheck;
using Pipeline.Stages.Parse.Events;

namespace Pipeline.Tests.Stages.Parse.Events;

public sealed class DecimalNumberTests
{
    [Theory]
    [InlineData("0", 0, 0)]
    [InlineData("-0", 0, 0)]
    [InlineData("-0.000e99999999999999999999", 0, 0)]
    [InlineData("12", 12, 0)]
    [InlineData("-12.50", -125, 1)]
    [InlineData("1e3", 1000, 0)]
    [InlineData("1E+3", 1000, 0)]
    [InlineData("1200", 1200, 0)]
    [InlineData("1200e-2", 12, 0)]
    [InlineData("12.5e-1", 125, 2)]
    [InlineData("0.000000001", 1, 9)]
    [InlineData("0.0000000010000000000000000000000000000000", 1, 9)]
    [InlineData("10000000000000000000000000000e-28", 1, 0)]
    [InlineData("9223372036854775807", long.MaxValue, 0)]
    [InlineData("-9223372036854775807", -long.MaxValue, 0)]
    [InlineData("9223372036.854775807", long.MaxValue, 9)]
    public void TryParse_NumberInRange_IsExactWithoutTrailingZeros(string text, long mantissa, int scale)
    {
        Assert.True(DecimalNumber.TryParse(Encoding.ASCII.GetBytes(text), out var actual, out var actualScale));
        Assert.Equal((mantissa, scale), (actual, actualScale));
    }

    [Theory]
    [InlineData("9223372036854775808")]
    [InlineData("-9223372036854775808")]
    [InlineData("0.0000000001")]
    [InlineData("1e-10")]
    [InlineData("1e19")]
    [InlineData("1e400")]
    [InlineData("1e99999999999999999999")]
    [InlineData("1e-99999999999999999999")]
    [InlineData("9223372036.8547758080001")]
    [InlineData("18446744073709551616")]
    [InlineData("18446744073709551619")]
    [InlineData("100000000000000000000000000000000000000000001")]
    public void TryParse_NumberOutOfRange_IsRefused(string text) =>
        Assert.False(DecimalNumber.TryParse(Encoding.ASCII.GetBytes(text), out _, out _));

    [Fact]
    public void TryParse_RandomNumbers_MatchesBigIntegerArithmetic()
    {
        var digits = Gen.Char['0', '9'].Array[0, 24].Select(chars => new string(chars));
        var zeros = Gen.Int[0, 12].Select(count => new string('0', count));
        var parts = Gen.Select(Gen.Bool, Gen.Select(Gen.Int[0, 9], digits, zeros), Gen.Select(digits, zeros), Gen.Int[-40, 40]);
        parts.Sample((negative, whole, fraction, exponent) =>
        {
            var integer = whole.Item1 == 0 ? "0" : whole.Item1 + whole.Item2 + whole.Item3;
            var text = (negative ? "-" : "") + integer + "." + fraction.Item1 + fraction.Item2 + "0e" + exponent.ToString(CultureInfo.InvariantCulture);
            var expected = Reference(text);
            var parsed = DecimalNumber.TryParse(Encoding.ASCII.GetBytes(text), out var mantissa, out var scale);
            return parsed == expected.HasValue && (!parsed || expected!.Value == (mantissa, scale));
        });
    }

    private static (long Mantissa, int Scale)? Reference(string text)
    {
        var parts = text.Split('e');
        var point = parts[0].IndexOf('.');
        var mantissa = BigInteger.Parse(parts[0].Remove(point, 1), CultureInfo.InvariantCulture);
        var exponent = int.Parse(parts[1], CultureInfo.InvariantCulture) - (parts[0].Length - point - 1);
        if (mantissa.IsZero)
            return (0, 0);

        for (; exponent < 0 && mantissa % 10 == 0; exponent++)
            mantissa /= 10;

        mantissa *= BigInteger.Pow(10, Math.Max(0, exponent));
        return exponent < -9 || BigInteger.Abs(mantissa) > long.MaxValue ? null : ((long)mantissa, Math.Max(0, -exponent));
    }
}
