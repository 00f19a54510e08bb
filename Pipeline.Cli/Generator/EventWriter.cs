using System.Text.Json;

namespace Pipeline.Cli.Generator;

/// <summary>Draws and writes events.</summary>
internal sealed class EventWriter
{
    private const long MillisPerDay = 86_400_000;
    private const int ShortestStepMillis = 250;
    private const int StepSpreadMillis = 1_000;

    private readonly byte[][] _types;
    private UserPicker _users;
    private long _clock;
    private long _day = -1;
    private DateTime _date;

    public EventWriter(GeneratorOptions options)
    {
        _types = [.. options.Types.Select(type => JsonEncodedText.Encode(type).EncodedUtf8Bytes.ToArray())];
        _users = new UserPicker(options.Distribution, options.Users);
        _clock = options.Start.UtcTicks / TimeSpan.TicksPerMillisecond;
        LongestLine = 192 + _types.Max(type => type.Length);
    }

    /// <summary>Bytes that a line has at most.</summary>
    public int LongestLine { get; }

    /// <summary>Writes the line of index <paramref name="index"/>, from 0.</summary>
    public void Write(Utf8LineBuffer line, ref Mulberry32 random, long index)
    {
        _clock += ShortestStepMillis + random.NextBelow(StepSpreadMillis);
        var type = _types[random.NextBelow(_types.Length)];
        var user = _users.Next(ref random);
        var value = random.NextBelow(100) + 1;

        line.Append("{\"ts\":\""u8);
        WriteTime(line);
        line.Append("\",\"type\":\""u8);
        line.Append(type);
        line.Append("\",\"user\":\"u"u8);
        line.AppendPadded(user, 4);
        line.Append("\",\"value\":"u8);
        line.AppendPadded(value, 1);
        line.Append(",\"metadata\":{\"source\":\"generator\",\"seq\":"u8);
        line.AppendPadded(index, 1);
        line.Append("}}\n"u8);
    }

    private void WriteTime(Utf8LineBuffer line)
    {
        var (day, millis) = Math.DivRem(_clock, MillisPerDay);
        if (day != _day)
        {
            _day = day;
            _date = new DateTime(day * TimeSpan.TicksPerDay, DateTimeKind.Utc);
        }

        var (seconds, fraction) = Math.DivRem(millis, 1_000);
        var (minutes, second) = Math.DivRem(seconds, 60);
        var (hour, minute) = Math.DivRem(minutes, 60);
        line.AppendPadded(_date.Year, 4);
        line.Append((byte)'-');
        line.AppendPadded(_date.Month, 2);
        line.Append((byte)'-');
        line.AppendPadded(_date.Day, 2);
        line.Append((byte)'T');
        line.AppendPadded(hour, 2);
        line.Append((byte)':');
        line.AppendPadded(minute, 2);
        line.Append((byte)':');
        line.AppendPadded(second, 2);
        line.Append((byte)'.');
        line.AppendPadded(fraction, 3);
        line.Append((byte)'Z');
    }
}
