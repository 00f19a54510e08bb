using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;

namespace Pipeline.Cli.Generator;

/// <summary>Draws and writes work items.</summary>
internal sealed class WorkItemWriter
{
    private const int Vectors = 2;
    private const int Iterations = 500;
    private const string Filler = "Lorem ipsum dolor sit amet, consectetur adipiscing elit. ";

    private readonly int _size;
    private readonly JsonEncodedText _text;

    public WorkItemWriter(PayloadSize payload)
    {
        (_size, var repeats) = payload switch
        {
            PayloadSize.Small => (5, 5),
            PayloadSize.Medium => (10, 20),
            _ => (20, 50),
        };
        _text = JsonEncodedText.Encode(string.Concat(Enumerable.Repeat(Filler, repeats)));
    }

    /// <summary>Writes the work item of index <paramref name="index"/>, from 0.</summary>
    public void Write(Utf8JsonWriter json, ref Mulberry32 random, long index)
    {
        Span<byte> id = stackalloc byte[32];
        Utf8.TryWrite(id, CultureInfo.InvariantCulture, $"w-{index:D6}", out var length);
        json.WriteStartObject();
        json.WriteString("id"u8, id[..length]);
        WriteRows(json, ref random, "vectors"u8, Vectors);
        json.WriteStartObject("matrix"u8);
        WriteRows(json, ref random, "rows"u8, _size);
        json.WriteEndObject();
        json.WriteString("text"u8, _text);
        json.WriteNumber("iterations"u8, Iterations);
        json.WriteEndObject();
    }

    private void WriteRows(Utf8JsonWriter json, ref Mulberry32 random, ReadOnlySpan<byte> name, int rows)
    {
        json.WriteStartArray(name);
        for (var row = 0; row < rows; row++)
        {
            json.WriteStartObject();
            json.WriteStartArray("values"u8);
            for (var column = 0; column < _size; column++)
                json.WriteNumberValue(random.Next());
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
