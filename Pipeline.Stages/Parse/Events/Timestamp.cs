namespace Pipeline.Stages.Parse.Events;

/// <summary>
/// ISO 8601 in its extended form: YYYY-MM-DD, or with THH:MM, THH:MM:SS or THH:MM:SS.f (one decimal or more) and Z, +-HH:MM, +-HHMM,
/// +-HH or nothing, which means UTC. Years 0001 to 9999 of the Gregorian calendar, hours 00 to 23, no leap seconds.
/// </summary>
internal static class Timestamp
{
    /// <summary>Bytes of YYYY-MM-DDTHH:MM.</summary>
    public const int MinuteLength = 16;

    private const int DateLength = 10;
    private const long MillisPerMinute = 60_000;

    /// <summary>Reads a timestamp.</summary>
    /// <param name="text">Unescaped.</param>
    /// <param name="unixMillis">Milliseconds since 1970, truncated toward the past.</param>
    /// <returns>False where it is none.</returns>
    public static bool TryParse(ReadOnlySpan<byte> text, out long unixMillis)
    {
        if (text.Length == DateLength)
            return TryParseDate(text, out unixMillis);

        if (!TryParseMinute(text, out unixMillis) || !TryParseRest(text[MinuteLength..], out var rest))
            return false;

        unixMillis += rest;
        return true;
    }

    /// <summary>Reads the first <see cref="MinuteLength"/> bytes of a timestamp; what follows is not looked at.</summary>
    public static bool TryParseMinute(ReadOnlySpan<byte> text, out long unixMillis)
    {
        unixMillis = 0;
        if (text.Length < MinuteLength || text[10] != 'T' || text[13] != ':' || !TryParseDate(text[..DateLength], out var day)
            || !TryTwoDigits(text[11..], 23, out var hour) || !TryTwoDigits(text[14..], 59, out var minute))
        {
            return false;
        }

        unixMillis = day + (((hour * 60) + minute) * MillisPerMinute);
        return true;
    }

    /// <summary>Reads what follows the minute: seconds and offset, if they are there.</summary>
    /// <param name="text">All that follows.</param>
    /// <param name="millis">To be added to the minute.</param>
    public static bool TryParseRest(ReadOnlySpan<byte> text, out long millis)
    {
        millis = 0;
        if (text.Length >= 3 && text[0] == ':')
        {
            if (!TryTwoDigits(text[1..], 59, out var second))
                return false;

            millis = second * 1_000;
            text = text[3..];
            if (text.Length > 0 && text[0] == '.')
            {
                var decimals = text[1..].IndexOfAnyExceptInRange((byte)'0', (byte)'9');
                decimals = decimals < 0 ? text.Length - 1 : decimals;
                if (decimals == 0)
                    return false;

                for (int i = 1, unit = 100; i <= Math.Min(3, decimals); i++, unit /= 10)
                    millis += (text[i] - '0') * unit;

                text = text[(1 + decimals)..];
            }
        }

        if (text.Length == 0 || (text.Length == 1 && text[0] == 'Z'))
            return true;

        if (!TryParseOffset(text, out var offset))
            return false;

        millis -= offset;
        return true;
    }

    private static bool TryParseOffset(ReadOnlySpan<byte> text, out long millis)
    {
        millis = 0;
        if (text[0] is not ((byte)'+' or (byte)'-') || text.Length is not (3 or 5 or 6) || !TryTwoDigits(text[1..], 23, out var hours))
            return false;

        var minutes = 0;
        if (text.Length > 3 && (!TryTwoDigits(text[^2..], 59, out minutes) || (text.Length == 6 && text[3] != ':')))
            return false;

        millis = ((hours * 60) + minutes) * (text[0] == '-' ? -MillisPerMinute : MillisPerMinute);
        return true;
    }

    private static bool TryParseDate(ReadOnlySpan<byte> text, out long unixMillis)
    {
        unixMillis = 0;
        if (text[4] != '-' || text[7] != '-' || !TryTwoDigits(text, 99, out var century) || !TryTwoDigits(text[2..], 99, out var year)
            || !TryTwoDigits(text[5..], 12, out var month) || !TryTwoDigits(text[8..], 31, out var day))
        {
            return false;
        }

        year += century * 100;
        if (year == 0 || month == 0 || day == 0 || day > DateTime.DaysInMonth(year, month))
            return false;

        unixMillis = (new DateTime(year, month, day) - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMillisecond;
        return true;
    }

    private static bool TryTwoDigits(ReadOnlySpan<byte> text, int most, out int number)
    {
        var tens = (uint)(text[0] - '0');
        var ones = (uint)(text[1] - '0');
        number = (int)((tens * 10) + ones);
        return tens <= 9 && ones <= 9 && number <= most;
    }
}
