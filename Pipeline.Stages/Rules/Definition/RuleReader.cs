using System.Text;
using System.Text.Json;
using Pipeline.Client.Channels;

namespace Pipeline.Stages.Rules.Definition;

/// <summary>Reads the shape of a rules text, {"rules":[{"drop":E},{"set":NAME,"to":E}]}, and collects every mistake in it.</summary>
internal sealed class RuleReader(string json)
{
    private const int MaxBytes = 1 << 20;
    private const int MaxRules = 1000;

    /// <summary>Mistakes after which no more are looked for.</summary>
    public const int MaxErrors = 100;

    private static readonly JsonReaderOptions Options = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = 16 };

    private readonly byte[] _utf8 = Encoding.UTF8.GetBytes(json);

    public List<RuleError> Errors { get; } = [];

    /// <summary>Whether so many mistakes were found that no more are looked for.</summary>
    public bool IsFull => Errors.Count >= MaxErrors;

    public List<RuleSource> Rules { get; } = [];

    /// <summary>Columns that wrong rules set: rules that read them are not wrong for that.</summary>
    public List<string> Unusable { get; } = [];

    public void Read()
    {
        if (_utf8.Length > MaxBytes)
        {
            Add(0, 0, $"the rules are {_utf8.Length:N0} bytes long; at most {MaxBytes:N0} are allowed");
            return;
        }

        try
        {
            var reader = new Utf8JsonReader(_utf8, Options);
            reader.Read();
            ReadRoot(ref reader);
            while (reader.Read())
            {
            }
        }
        catch (JsonException exception)
        {
            var line = (int)(exception.LineNumber ?? 0);
            var column = Characters(LineStart(line), (int)(exception.BytePositionInLine ?? 0)) + 1;
            Errors.Add(new RuleError(0, line + 1, column, $"no valid JSON: {PeerText.Describe(exception)}"));
        }
    }

    /// <summary>Notes a mistake at a byte of the text.</summary>
    public void Add(int rule, int start, string message)
    {
        if (IsFull)
            return;

        var before = _utf8.AsSpan(0, Math.Min(start, _utf8.Length));
        var lineStart = before.LastIndexOf((byte)'\n') + 1;
        Errors.Add(new RuleError(rule, before.Count((byte)'\n') + 1, Characters(lineStart, before.Length - lineStart) + 1, message));
    }

    /// <summary>Notes a mistake at a character of a string of the text.</summary>
    public void Add(int rule, TextSource source, int character, string message) => Add(rule, ByteOf(source, character), message);

    private void ReadRoot(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            Add(0, (int)reader.TokenStartIndex, "the rules are an object: {\"rules\":[...]}");
            reader.Skip();
            return;
        }

        var found = false;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var start = (int)reader.TokenStartIndex;
            var known = reader.ValueTextEquals("rules"u8);
            reader.Read();
            if (!known || found)
            {
                Add(0, start, known ? "\"rules\" stands here for the second time" : "unknown member; the only one is \"rules\"");
                reader.Skip();
                continue;
            }

            found = true;
            ReadRules(ref reader);
        }

        if (!found)
            Add(0, 0, "\"rules\" is missing: {\"rules\":[...]}");
    }

    private void ReadRules(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            Add(0, (int)reader.TokenStartIndex, "\"rules\" is an array of rules");
            reader.Skip();
            return;
        }

        var number = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (++number == MaxRules + 1)
                Add(number, (int)reader.TokenStartIndex, $"more than {MaxRules} rules");

            if (number > MaxRules || IsFull)
            {
                reader.Skip();
                continue;
            }

            ReadRule(ref reader, new RuleSource(number, (int)reader.TokenStartIndex));
        }
    }

    private void ReadRule(ref Utf8JsonReader reader, RuleSource rule)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            Add(rule.Number, rule.Start, "a rule is an object: {\"drop\":EXPRESSION} or {\"set\":COLUMN,\"to\":EXPRESSION}");
            reader.Skip();
            return;
        }

        var before = Errors.Count;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
            ReadMember(ref reader, rule);

        var isSet = rule is { Drop: null, Set: not null, To: not null };
        if (Errors.Count == before && !isSet && rule is not { Drop: not null, Set: null, To: null })
            Add(rule.Number, rule.Start, "a rule has either \"drop\" or both \"set\" and \"to\"");

        if (Errors.Count == before)
            Rules.Add(rule);
        else if (rule.Set is { } column)
            Unusable.Add(column.Text);
    }

    private void ReadMember(ref Utf8JsonReader reader, RuleSource rule)
    {
        var start = (int)reader.TokenStartIndex;
        var name = Text(ref reader);
        reader.Read();
        if (name is not ("drop" or "set" or "to" or "comment"))
        {
            Add(rule.Number, start, "unknown member; a rule has \"drop\", or \"set\" and \"to\", and perhaps \"comment\"");
            reader.Skip();
            return;
        }

        if (reader.TokenType != JsonTokenType.String || Text(ref reader) is not { } text)
        {
            Add(rule.Number, (int)reader.TokenStartIndex, $"\"{name}\" must be a text of valid Unicode");
            reader.Skip();
            return;
        }

        if (name != "comment" && rule.Members.ContainsKey(name))
            Add(rule.Number, start, $"\"{name}\" stands here for the second time");

        rule.Members[name] = new TextSource(text, (int)reader.TokenStartIndex + 1);
    }

    private static string? Text(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            return null; // an escaped lone surrogate
        }
    }

    // An escape sequence is one character of the value, a UTF-8 sequence of four bytes two.
    private int ByteOf(TextSource source, int character)
    {
        var at = source.Start;
        while (character > 0 && at < _utf8.Length)
        {
            var escape = _utf8[at] == '\\';
            var length = escape ? (_utf8[at + 1] == 'u' ? 6 : 2) : _utf8[at] switch { < 0x80 => 1, < 0xE0 => 2, < 0xF0 => 3, _ => 4 };
            character -= !escape && length == 4 ? 2 : 1;
            at += length;
        }

        return at;
    }

    private int LineStart(int line)
    {
        var at = 0;
        for (; line > 0; line--)
            at += _utf8.AsSpan(at).IndexOf((byte)'\n') + 1;

        return at;
    }

    // UTF-16 code units, as above.
    private int Characters(int start, int length)
    {
        var count = 0;
        foreach (var value in _utf8.AsSpan(start, Math.Min(length, _utf8.Length - start)))
            count += (value & 0xC0) == 0x80 ? 0 : value >= 0xF0 ? 2 : 1;

        return count;
    }
}
