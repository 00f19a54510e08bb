using System.Globalization;
using System.Text;
using CsCheck;
using Pipeline.Stages.Parse.Events;

namespace Pipeline.Tests.Stages.Parse.Events;

public sealed class TimestampTests
{
    [Theory]
    [InlineData("2026-01-01", 1767225600000)]
    [InlineData("2026-01-01T00:00:00.874Z", 1767225600874)]
    [InlineData("2026-01-01T00:00", 1767225600000)]
    [InlineData("2026-01-01T00:00Z", 1767225600000)]
    [InlineData("2026-01-01T00:00+01", 1767222000000)]
    [InlineData("2026-01-01T02:30:01+0230", 1767225601000)]
    [InlineData("2025-12-31T21:30:01.5-02:30", 1767225601500)]
    [InlineData("2026-01-01T00:00:00.0019999999999999999999999", 1767225600001)]
    [InlineData("1970-01-01T00:00:00Z", 0)]
    [InlineData("1969-12-31T23:59:59.9995Z", -1)]
    [InlineData("1969-12-31T23:59:59.0001Z", -1000)]
    [InlineData("0001-01-01", -62135596800000)]
    [InlineData("9999-12-31T23:59:59.999Z", 253402300799999)]
    [InlineData("2024-02-29", 1709164800000)]
    public void TryParse_ExtendedForms_GivesUnixMilliseconds(string text, long expected)
    {
        Assert.True(Timestamp.TryParse(Encoding.ASCII.GetBytes(text), out var millis));
        Assert.Equal(expected, millis);
    }

    [Theory]
    [InlineData("2026")]
    [InlineData("2026-01")]
    [InlineData("2026-1-1")]
    [InlineData("20260101")]
    [InlineData("2026-001")]
    [InlineData("2026-W01-1")]
    [InlineData("2026-02-29")]
    [InlineData("2026-04-31")]
    [InlineData("2026-13-01")]
    [InlineData("2026-00-01")]
    [InlineData("2026-01-00")]
    [InlineData("0000-01-01")]
    [InlineData("+2026-01-01")]
    [InlineData("2026-01-01Z")]
    [InlineData("2026-01-01 00:00")]
    [InlineData("2026-01-01t00:00Z")]
    [InlineData("2026-01-01T00:00z")]
    [InlineData("2026-01-01T00")]
    [InlineData("2026-01-01T0000")]
    [InlineData("2026-01-01T24:00")]
    [InlineData("2026-01-01T23:60")]
    [InlineData("2026-01-01T23:59:60Z")]
    [InlineData("2026-01-01T00:00:")]
    [InlineData("2026-01-01T00:00:1")]
    [InlineData("2026-01-01T00:00:00.")]
    [InlineData("2026-01-01T00:00:00.Z")]
    [InlineData("2026-01-01T00:00:00,5Z")]
    [InlineData("2026-01-01T00:00.5Z")]
    [InlineData("2026-01-01T00:00:00.874ZZ")]
    [InlineData("2026-01-01T00:00:00+24:00")]
    [InlineData("2026-01-01T00:00:00+01:60")]
    [InlineData("2026-01-01T00:00:00+1")]
    [InlineData("2026-01-01T00:00:00+01:0")]
    [InlineData("2026-01-01T00:00:00+01-00")]
    [InlineData("2026-01-01T00:00:00+01:00Z")]
    [InlineData(" 2026-01-01")]
    [InlineData("2026-01-01 ")]
    [InlineData("2026-01-0a")]
    [InlineData("")]
    public void TryParse_OtherForms_IsRefused(string text) => Assert.False(Timestamp.TryParse(Encoding.ASCII.GetBytes(text), out _));

    [Fact]
    public void TryParse_RandomInstants_MatchesDateTimeOffset() =>
        Gen.Select(Gen.DateTime, Gen.Int[-14 * 60, 14 * 60]).Sample((time, offset) =>
        {
            var local = new DateTimeOffset(time.Ticks, TimeSpan.FromMinutes(offset));
            var text = local.ToString("yyyy-MM-ddTHH:mm:ss.fffffffzzz", CultureInfo.InvariantCulture);
            return Timestamp.TryParse(Encoding.ASCII.GetBytes(text), out var millis)
                && millis == Math.Floor((local.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / 10_000m);
        });
}
