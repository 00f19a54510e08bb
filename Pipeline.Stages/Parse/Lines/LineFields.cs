using System.Text.Json;
using System.Text.Unicode;

namespace Pipeline.Stages.Parse.Lines;

/// <summary>Fields of a line that mean something to Parse; the values are indexes.</summary>
internal enum Field
{
    Ts,
    Type,
    User,
    Value,
    Id,
    Vectors,
    Matrix,
    Iterations,
}

/// <summary>A field's value, where it stands in the line.</summary>
/// <param name="Kind">String, Number, True, False, Null, StartObject or StartArray.</param>
/// <param name="Start">Of a string: its first byte after the quote.</param>
/// <param name="Length">Bytes; of a string without its quotes, of an object or array with its brackets.</param>
/// <param name="Escaped">A string with escapes in it.</param>
internal readonly record struct FieldValue(JsonTokenType Kind, int Start, int Length, bool Escaped);

/// <summary>Checks that a line is one JSON text from end to end, and finds the fields on the way. The reference for every faster way.</summary>
internal sealed class LineFields
{
    /// <summary>Deepest nesting of objects and arrays.</summary>
    public const int MaxDepth = 64;

    private const int LongestEscapedName = 10 * 6;
    private static readonly JsonReaderOptions Options = new() { MaxDepth = MaxDepth };
    private readonly FieldValue[] _values = new FieldValue[8];
    private int _seen;
    private int _repeated;

    /// <summary>The value of a field that the line has; of one that it has several times, the first.</summary>
    public FieldValue this[Field field] => _values[(int)field];

    /// <summary>True where the line has the field.</summary>
    public bool Has(Field field) => (_seen & (1 << (int)field)) != 0;

    /// <summary>True where the line has the field more than once.</summary>
    public bool IsRepeated(Field field) => (_repeated & (1 << (int)field)) != 0;

    /// <summary>Reads a line.</summary>
    /// <param name="line">Without its end.</param>
    /// <returns>Null where it is a JSON object, else what is wrong with it.</returns>
    public Verdict? Read(ReadOnlySpan<byte> line)
    {
        _seen = 0;
        _repeated = 0;
        if (!Utf8.IsValid(line))
        {
            return Verdict.InvalidUtf8;
        }

        try
        {
            return ReadTokens(line);
        }
        catch (JsonException)
        {
            return Verdict.InvalidJson;
        }
    }

    private Verdict? ReadTokens(ReadOnlySpan<byte> line)
    {
        var reader = new Utf8JsonReader(line, Options);
        var loneSurrogate = false;
        var isObject = false;
        var open = -1;
        for (var first = true; reader.Read(); first = false)
        {
            var kind = reader.TokenType;
            isObject |= first && kind == JsonTokenType.StartObject;
            if (kind is JsonTokenType.PropertyName or JsonTokenType.String && reader.ValueIsEscaped)
            {
                loneSurrogate |= JsonEscapes.HasLoneSurrogate(reader.ValueSpan);
            }

            if (!isObject || loneSurrogate || reader.CurrentDepth != 1)
            {
                continue;
            }

            if (kind == JsonTokenType.PropertyName)
            {
                open = Open(NameOf(ref reader));
            }
            else if (open >= 0)
            {
                Close(open, ref reader);
            }
        }

        return loneSurrogate ? Verdict.LoneSurrogate : isObject ? null : Verdict.NotAnObject;
    }

    // The index of the field to fill, or -1 where the value that follows is of no interest.
    private int Open(int field)
    {
        if (field < 0)
        {
            return -1;
        }

        var bit = 1 << field;
        _repeated |= _seen & bit;
        var known = (_seen & bit) != 0;
        _seen |= bit;
        return known ? -1 : field;
    }

    private void Close(int field, ref Utf8JsonReader reader)
    {
        var start = (int)reader.TokenStartIndex;
        _values[field] = reader.TokenType switch
        {
            JsonTokenType.String => new FieldValue(JsonTokenType.String, start + 1, reader.ValueSpan.Length, reader.ValueIsEscaped),
            JsonTokenType.EndObject or JsonTokenType.EndArray =>
                _values[field] with { Length = (int)reader.BytesConsumed - _values[field].Start },
            _ => new FieldValue(reader.TokenType, start, reader.ValueSpan.Length, false),
        };
    }

    private static int NameOf(ref Utf8JsonReader reader)
    {
        var name = reader.ValueSpan;
        if (!reader.ValueIsEscaped)
        {
            return Find(name);
        }

        if (name.Length > LongestEscapedName)
        {
            return -1;
        }

        Span<byte> unescaped = stackalloc byte[LongestEscapedName];
        return Find(unescaped[..reader.CopyString(unescaped)]);
    }

    private static int Find(ReadOnlySpan<byte> name) => name.Length switch
    {
        2 when name.SequenceEqual("ts"u8) => (int)Field.Ts,
        2 when name.SequenceEqual("id"u8) => (int)Field.Id,
        4 when name.SequenceEqual("type"u8) => (int)Field.Type,
        4 when name.SequenceEqual("user"u8) => (int)Field.User,
        5 when name.SequenceEqual("value"u8) => (int)Field.Value,
        6 when name.SequenceEqual("matrix"u8) => (int)Field.Matrix,
        7 when name.SequenceEqual("vectors"u8) => (int)Field.Vectors,
        10 when name.SequenceEqual("iterations"u8) => (int)Field.Iterations,
        _ => -1,
    };
}
