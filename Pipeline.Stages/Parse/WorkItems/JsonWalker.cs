using System.Text.Json;
using Pipeline.Stages.Parse.Lines;

namespace Pipeline.Stages.Parse.WorkItems;

/// <summary>Walks over a JSON text that is already known as valid, and so need not look at most of it.</summary>
internal ref struct JsonWalker(ReadOnlySpan<byte> text)
{
    private readonly ReadOnlySpan<byte> _text = text;
    private int _at;

    /// <summary>The first byte of the next token.</summary>
    public byte Next
    {
        get
        {
            while (_text[_at] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
                _at++;

            return _text[_at];
        }
    }

    /// <summary>Passes a token of one byte, if it is the next.</summary>
    public bool TryPass(byte token)
    {
        if (Next != token)
            return false;

        _at++;
        return true;
    }

    /// <summary>In an array or object: goes to its next member; false, and past its end, where there is none.</summary>
    /// <param name="close">The bracket that closes it.</param>
    public bool MoveNext(byte close)
    {
        TryPass((byte)',');
        return !TryPass(close);
    }

    /// <summary>Passes a property's name and the colon.</summary>
    /// <returns>True where the name is <paramref name="name"/>.</returns>
    public bool PassName(ReadOnlySpan<byte> name)
    {
        _ = Next;
        var start = _at;
        PassString();
        var quoted = _text[start.._at];
        TryPass((byte)':');
        if (!quoted.Contains((byte)'\\'))
            return quoted[1..^1].SequenceEqual(name);

        byte[] buffer = [];
        return JsonEscapes.Unescape(quoted, ref buffer).SequenceEqual(name);
    }

    /// <summary>Passes a number.</summary>
    /// <returns>Its nearest double.</returns>
    public double PassNumber()
    {
        var value = DoubleNumber.Parse(_text[_at..], out var length);
        _at += length;
        return value;
    }

    /// <summary>Passes a value of any kind.</summary>
    public void PassValue()
    {
        _ = Next;
        var reader = new Utf8JsonReader(_text[_at..]);
        reader.Read();
        reader.Skip();
        _at += (int)reader.BytesConsumed;
    }

    private void PassString()
    {
        _at++;
        while (_text[_at] != '"')
        {
            var length = _text[_at..].IndexOfAny((byte)'"', (byte)'\\');
            _at += length + (_text[_at + length] == '\\' ? 2 : 0);
        }

        _at++;
    }
}
