using System.Runtime.CompilerServices;
using System.Text.Json;
using Pipeline.Stages.Parse.Shapes;

namespace Pipeline.Stages.Parse.Lines;

/// <summary>
/// Checks that a line is one JSON text (RFC 8259) and tells what stands in it at the top. Unlike Utf8JsonReader it does not throw on
/// the bad lines, which may be most of an input, and it finds lone surrogates on the way.
/// </summary>
internal unsafe ref struct JsonScanner(LineFields fields)
{
    // One bit for each open object or array, the innermost lowest: 1 = object.
    private ulong _objects;
    private int _depth;
    private bool _loneSurrogate;
    private bool _escaped;

    /// <summary>Reads a line.</summary>
    /// <param name="line">UTF-8; ends with "\n", and <see cref="LineReader.Padding"/> bytes behind that can be read.</param>
    /// <returns>Null where it is a JSON object, else what is wrong with it.</returns>
    public Verdict? Read(byte* line)
    {
        var at = PassSpace(line);
        var isObject = *at == '{';
        var end = ReadAll(at, line);
        return end == null || *PassSpace(end) != '\n' ? Verdict.InvalidJson
            : _loneSurrogate ? Verdict.LoneSurrogate
            : isObject ? null
            : Verdict.NotAnObject;
    }

    // The byte behind the value that begins here; null where it is none.
    private byte* ReadAll(byte* at, byte* line)
    {
        while (true)
        {
            var start = at;
            var kind = KindOf(*at);
            if (kind is JsonTokenType.StartObject or JsonTokenType.StartArray)
            {
                if (_depth == LineFields.MaxDepth)
                    return null;

                if (IsTop)
                    fields.Open(kind, (int)(start - line));

                Push(kind);
                at = PassSpace(at + 1);
                if (*at != Closing)
                {
                    at = PassNameIfObject(at, line);
                    if (at == null)
                        return null;

                    continue;
                }
            }
            else
            {
                at = PassScalar(at, kind);
                if (at == null)
                    return null;

                if (IsTop)
                {
                    var quote = kind == JsonTokenType.String ? 1 : 0;
                    fields.Set(new FieldValue(kind, (int)(start - line) + quote, (int)(at - start) - (2 * quote), _escaped));
                }

                if (_depth == 0)
                    return at;

                at = PassSpace(at);
            }

            // Behind a member, or at the end of an empty object or array.
            while (*at == Closing)
            {
                Pop();
                at++;
                if (IsTop)
                    fields.Close((int)(at - line));

                if (_depth == 0)
                    return at;

                at = PassSpace(at);
            }

            if (*at != ',')
                return null;

            at = PassNameIfObject(PassSpace(at + 1), line);
            if (at == null)
                return null;
        }
    }

    private readonly bool IsTop => _depth == 1 && (_objects & 1) != 0;

    private readonly byte Closing => (_objects & 1) != 0 ? (byte)'}' : (byte)']';

    private void Push(JsonTokenType kind)
    {
        _depth++;
        _objects = (_objects << 1) | (kind == JsonTokenType.StartObject ? 1UL : 0);
    }

    private void Pop()
    {
        _depth--;
        _objects >>= 1;
    }

    // In an object, the value behind the name that stands here; in an array nothing is to be passed.
    private byte* PassNameIfObject(byte* at, byte* line)
    {
        if ((_objects & 1) == 0)
            return at;

        if (*at != '"')
            return null;

        var name = at;
        at = PassString(at);
        if (at == null)
            return null;

        if (_depth == 1)
            fields.Name(new ReadOnlySpan<byte>(name, (int)(at - name)), _escaped && !_loneSurrogate);

        at = PassSpace(at);
        return *at == ':' ? PassSpace(at + 1) : null;
    }

    private byte* PassScalar(byte* at, JsonTokenType kind)
    {
        _escaped = false;
        return kind switch
        {
            JsonTokenType.String => PassString(at),
            JsonTokenType.Number => NumberToken.End(at),
            JsonTokenType.True => *(uint*)at == 0x65757274 ? at + 4 : null,
            JsonTokenType.Null => *(uint*)at == 0x6C6C756E ? at + 4 : null,
            JsonTokenType.False => *(uint*)(at + 1) == 0x65736C61 ? at + 5 : null,
            _ => null,
        };
    }

    private byte* PassString(byte* at)
    {
        var start = ++at;
        _escaped = false;
        while (true)
        {
            at = TextToken.NextQuoteOrEscape(at);
            if (*at == '"')
            {
                _loneSurrogate |= _escaped && JsonEscapes.HasLoneSurrogate(new ReadOnlySpan<byte>(start, (int)(at - start)));
                return at + 1;
            }

            if (*at != '\\' || !JsonEscapes.IsEscape(at + 1))
                return null;

            _escaped = true;
            at += 2;
        }
    }

    private static JsonTokenType KindOf(byte first) => first switch
    {
        (byte)'"' => JsonTokenType.String,
        (byte)'{' => JsonTokenType.StartObject,
        (byte)'[' => JsonTokenType.StartArray,
        (byte)'-' or (>= (byte)'0' and <= (byte)'9') => JsonTokenType.Number,
        (byte)'t' => JsonTokenType.True,
        (byte)'f' => JsonTokenType.False,
        (byte)'n' => JsonTokenType.Null,
        _ => JsonTokenType.None,
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* PassSpace(byte* at)
    {
        while (*at is (byte)' ' or (byte)'\t' or (byte)'\r')
            at++;

        return at;
    }
}
