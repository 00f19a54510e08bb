using System.Text;
using Pipeline.Stages.Parse.Events;
using Pipeline.Stages.Parse.Lines;
using Pipeline.Stages.Parse.Shapes;

namespace Pipeline.Tests.Stages.Parse.Shapes;

/// <summary>Lines that fit a shape must be read by it, not by the full parser: the fuzz tests cannot tell the two apart.</summary>
public sealed class ShapeTests
{
    private const string Line = """{"ts":"2026-01-01T00:00:00.874Z","type":"view","user":"u6012","value":12,"metadata":{"source":"generator","seq":0}}""";
    private readonly ShapeCache _shapes = new();

    public static TheoryData<string, string> Fitting => new()
    {
        { Line, Line },
        { Line, Line.Replace("view", "buy").Replace(":12", ":7654321").Replace("00:00.874", "00:59.001") },
        { Line, Line.Replace("2026", "1999").Replace(".874Z", "+01:00") },
        { Line, Line.Replace(":12", ":-12.5e3").Replace("\"seq\":0", "\"seq\":1234567890123456789.5E-7") },
        { Line, Line.Replace("view", new string('x', 100)).Replace("u6012", "") },
        { Line, Line.Replace("view", "Größe").Replace("u6012", "😀") },
        { Line, Line.Replace("\"seq\":0", "\"seq\":12345678") },
        { Line, Line.Replace("\"seq\":0", "\"seq\":123456789012345") },
        { Line, Line.Replace("\"seq\":0", "\"seq\":1234567890123456") },
        { Line, Line.Replace("\"seq\":0", "\"seq\":12345678901234567890") },
        { Line, Line.Replace("\"seq\":0", "\"seq\":123456789.25") },
        { Line, Line.Replace("\"seq\":0", "\"seq\":-12345678901E+2") },
        { Line, Line.Replace("generator", "an \\\"escaped\\\" text, ünd mehr\\n") },
        { Line, Line.Replace("\"generator\"", "null").Replace("\"seq\":0", "\"seq\":\"text\"") },
        { Line, Line.Replace("\"generator\"", "true").Replace("\"seq\":0", "\"seq\":false") },
        { """{ "value" : 1 , "user" : "a" , "type" : "b" , "ts" : "2026-01-01" }  """,
            """{ "value" : 2 , "user" : "c" , "type" : "d" , "ts" : "2026-01-02T00:00Z" }  """ },
        { """{"t\u0079pe":"a","ts":"2026-01-01","user":"b","value":1,"tags":["a",[1,{}]]}""",
            """{"t\u0079pe":"b","ts":"2026-01-01","user":"b","value":1,"tags":["c",[2,{}]]}""" },
    };

    public static TheoryData<string> NotFitting =>
    [
        Line.Replace("view", ""),
        Line.Replace("view", "v\\u0069ew"),
        Line.Replace("view", "vi\tew"),
        Line.Replace("u6012", "u\\\\"),
        Line.Replace("2026-01-01", "2026-02-30"),
        Line.Replace(":00.874", ":60.874"),
        Line.Replace(":00.874", ":0a.874"),
        Line.Replace(":00.874", ":00.8\u007f4"),
        Line.Replace(":12", ":012"),
        Line.Replace(":12", ":"),
        Line.Replace(":12", ":12x"),
        Line.Replace(":12", ":1e400"),
        Line.Replace(":12", ":\"12\""),
        Line.Replace("\"seq\":0", "\"seq\":01"),
        Line.Replace("\"seq\":0", "\"seq\":012345678"),
        Line.Replace("\"seq\":0", "\"seq\":123456789."),
        Line.Replace("\"seq\":0", "\"seq\":123456789x"),
        Line.Replace("\"seq\":0", "\"seq\":1."),
        Line.Replace("\"seq\":0", "\"seq\":-"),
        Line.Replace("\"seq\":0", "\"seq\":nulL"),
        Line.Replace("\"seq\":0", "\"seq\":{}"),
        Line.Replace("generator", "\\ud800"),
        Line.Replace("generator", "\\x"),
        Line.Replace("generator", "a\u0001"),
        Line + "}",
        Line + " ",
        Line[..^1],
        "",
    ];

    [Theory]
    [MemberData(nameof(Fitting))]
    public void Match_LineOfLearnedShape_GivesTheValuesOfTheParser(string known, string line)
    {
        Learn(known);
        Learn(known.Replace("generator", "another").Replace("\"seq\":0", "\"seq\":1").Replace("[\"a\",[1", "[\"b\",[3"));

        Assert.Equal(Parsed(line), Matched(line, "\n"));
        Assert.Equal(Parsed(line), Matched(line, "\r\n"));
    }

    [Theory]
    [MemberData(nameof(NotFitting))]
    public void Match_LineOfOtherShape_ReturnsNull(string line)
    {
        Learn(Line);
        Learn(Line.Replace("generator", "another").Replace("\"seq\":0", "\"seq\":1"));

        Assert.Null(Matched(line, "\n"));
        Assert.NotNull(Matched(Line, "\n"));
    }

    [Fact]
    public void Match_InvalidUtf8_ReturnsNull()
    {
        Learn(Line);
        Learn(Line.Replace("generator", "another"));
        foreach (var place in new[] { "view", "u6012", "generator" })
        {
            var bytes = Encoding.Latin1.GetBytes(Line.Replace(place, "a\u00FFb") + "\n");

            Assert.Null(Matched(bytes));
        }
    }

    [Fact]
    public void Learn_EightShapes_KeepsAll()
    {
        string[] lines = [.. Enumerable.Range(0, 8).Select(i => Line.Replace("metadata", $"metadata{i}"))];
        foreach (var line in lines)
            Learn(line);

        Assert.All(lines.Concat(lines.Reverse()), line => Assert.NotNull(Matched(line, "\n")));
    }

    [Fact]
    public void Learn_33LinesOfDifferentShapes_KeepsSomeOnly()
    {
        string[] lines = [.. Enumerable.Range(0, 33).Select(i => Line.Replace("metadata", $"metadata{i}"))];
        foreach (var line in lines)
            Learn(line);

        Assert.Equal(
            ["metadata15", "metadata16", "metadata32"],
            new[] { 15, 16, 17, 31, 32 }.Where(i => Matched(lines[i], "\n") is not null).Select(i => $"metadata{i}"));
    }

    [Fact]
    public void Learn_OneLineWithLongText_TreatsTheTextAsVariable()
    {
        Learn(Line.Replace("generator", new string('a', 100)));

        Assert.NotNull(Matched(Line.Replace("generator", new string('b', 100_000)), "\n"));
        Assert.Null(Matched(Line.Replace("\"seq\":0", "\"seq\":1"), "\n"));
    }

    private void Learn(string line)
    {
        var parser = new LineParser(null);
        var values = default(EventValues);
        Assert.Equal(Verdict.Event, parser.Parse(Padded(line), ref values));
        _shapes.Learn(Padded(line), parser.Fields);
    }

    private string? Matched(string line, string end) => Matched(Encoding.UTF8.GetBytes(line + end));

    private unsafe string? Matched(byte[] line)
    {
        var values = default(EventValues);
        byte[] padded = [.. line, .. Enumerable.Repeat((byte)'9', LineReader.Padding)];
        fixed (byte* at = padded)
        {
            var end = _shapes.Match(at, ref values);
            Assert.True(end == null || end == at + line.Length);
            return end == null ? null : Shown(values);
        }
    }

    private static string Parsed(string line)
    {
        var values = default(EventValues);
        Assert.Equal(Verdict.Event, new LineParser(null).Parse(Padded(line), ref values));
        return Shown(values);
    }

    private static ReadOnlySpan<byte> Padded(string line)
    {
        var length = Encoding.UTF8.GetByteCount(line);
        return Encoding.UTF8.GetBytes(line + "\n" + new string('9', LineReader.Padding)).AsSpan(0, length);
    }

    private static string Shown(in EventValues values) =>
        $"{Encoding.UTF8.GetString(values.Type)}|{Encoding.UTF8.GetString(values.User)}|{values.UnixMillis}|{values.Mantissa}|{values.Scale}";
}
