using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;

namespace Pipeline.Cli.Generator;

/// <summary>Draws and writes events.</summary>
/// <param name="options">Valid options.</param>
internal sealed class EventWriter(GeneratorOptions options)
{
    private const int ShortestStepMillis = 250;
    private const int StepSpreadMillis = 1_000;

    private readonly JsonEncodedText[] _types = [.. options.Types.Select(type => JsonEncodedText.Encode(type))];
    private UserPicker _users = new(options.Distribution, options.Users);
    private DateTime _clock = options.Start.UtcDateTime;

    /// <summary>Writes the event of index <paramref name="index"/>, from 0.</summary>
    public void Write(Utf8JsonWriter json, ref Mulberry32 random, long index)
    {
        _clock = _clock.AddMilliseconds(ShortestStepMillis + random.NextBelow(StepSpreadMillis));
        var type = _types[random.NextBelow(_types.Length)];
        var user = _users.Next(ref random);
        var value = random.NextBelow(100) + 1;

        Span<byte> text = stackalloc byte[32];
        json.WriteStartObject();
        _clock.TryFormat(text, out var length, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        json.WriteString("ts"u8, text[..length]);
        json.WriteString("type"u8, type);
        Utf8.TryWrite(text, CultureInfo.InvariantCulture, $"u{user:D4}", out length);
        json.WriteString("user"u8, text[..length]);
        json.WriteNumber("value"u8, value);
        json.WriteStartObject("metadata"u8);
        json.WriteString("source"u8, "generator"u8);
        json.WriteNumber("seq"u8, index);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
