using System.Runtime.InteropServices;
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

/// <summary>The fields at the top of a line; finds out on the way whether the line is one JSON text from end to end.</summary>
internal sealed class LineFields
{
    /// <summary>Deepest nesting of objects and arrays.</summary>
    public const int MaxDepth = 64;

    // The longest name with each character escaped, and quotes.
    private const int LongestName = 2 + (10 * 6);
    private readonly FieldValue[] _values = new FieldValue[8];
    private byte[] _name = [];
    private int _seen;
    private int _repeated;

    // The field whose value comes next; -1 where it is of no interest.
    private int _open;

    /// <summary>The value of a field that the line has; of one that it has several times, the first.</summary>
    public FieldValue this[Field field] => _values[(int)field];

    /// <summary>True where the line has the field.</summary>
    public bool Has(Field field) => (_seen & (1 << (int)field)) != 0;

    /// <summary>True where the line has the field more than once.</summary>
    public bool IsRepeated(Field field) => (_repeated & (1 << (int)field)) != 0;

    /// <summary>Reads a line.</summary>
    /// <param name="line">Without its end, which follows it; <see cref="LineReader.Padding"/> bytes behind that can be read.</param>
    /// <returns>Null where it is a JSON object, else what is wrong with it.</returns>
    public unsafe Verdict? Read(ReadOnlySpan<byte> line)
    {
        _seen = 0;
        _repeated = 0;
        _open = -1;
        if (!Utf8.IsValid(line))
            return Verdict.InvalidUtf8;

        fixed (byte* start = &MemoryMarshal.GetReference(line))
        {
            return new JsonScanner(this).Read(start);
        }
    }

    /// <summary>A name at the top.</summary>
    /// <param name="quoted">With its quotes.</param>
    /// <param name="escaped">Escapes are in it, and no lone surrogates.</param>
    public void Name(ReadOnlySpan<byte> quoted, bool escaped)
    {
        var field = !escaped ? Find(quoted[1..^1]) : quoted.Length <= LongestName ? Find(JsonEscapes.Unescape(quoted, ref _name)) : -1;
        _open = field;
        if (field < 0)
            return;

        var bit = 1 << field;
        if ((_seen & bit) != 0)
        {
            _repeated |= bit;
            _open = -1;
        }

        _seen |= bit;
    }

    /// <summary>The value behind the name, if it is no object or array.</summary>
    public void Set(FieldValue value)
    {
        if (_open >= 0)
            _values[_open] = value;
    }

    /// <summary>The beginning of the value behind the name, if it is an object or array.</summary>
    public void Open(JsonTokenType kind, int start) => Set(new FieldValue(kind, start, 0, false));

    /// <summary>The end of that object or array.</summary>
    public void Close(int end)
    {
        if (_open >= 0)
            _values[_open] = _values[_open] with { Length = end - _values[_open].Start };
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
