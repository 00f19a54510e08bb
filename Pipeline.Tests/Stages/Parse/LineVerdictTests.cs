using System.Text;

namespace Pipeline.Tests.Stages.Parse;

public sealed class LineVerdictTests
{
    private const string Good = """{"ts":"2026-01-01T00:00:00.874Z","type":"view","user":"u6012","value":12,"metadata":{"source":"generator","seq":0}}""";

    public static TheoryData<string, string> Rejects => new()
    {
        { "", "invalid_json" },
        { "   \t", "invalid_json" },
        { "hello", "invalid_json" },
        { "{", "invalid_json" },
        { Good[..^1], "invalid_json" },
        { Good + Good, "invalid_json" },
        { Good + " x", "invalid_json" },
        { Good + ",", "invalid_json" },
        { Good + "\0", "invalid_json" },
        { "\uFEFF" + Good, "invalid_json" },
        { Good.Replace("\"seq\":0", "\"seq\":00"), "invalid_json" },
        { Good.Replace("\"seq\":0", "\"seq\":1."), "invalid_json" },
        { Good.Replace("\"seq\":0", "\"seq\":-"), "invalid_json" },
        { Good.Replace("\"seq\":0", "\"seq\":NaN"), "invalid_json" },
        { Good.Replace("\"seq\":0", "\"seq\":0,"), "invalid_json" },
        { Good.Replace("\"seq\":0", "\"seq\":0]"), "invalid_json" },
        { Good.Replace("generator", "gen\terator"), "invalid_json" },
        { Good.Replace("generator", "gen\\xerator"), "invalid_json" },
        { Good.Replace("generator", "\\u12g4"), "invalid_json" },
        { Good.Replace("{\"source\"", "{/**/\"source\""), "invalid_json" },
        { WithValue("012"), "invalid_json" },
        { WithValue("+12"), "invalid_json" },
        { WithValue("Infinity"), "invalid_json" },
        { """{"ts":"2026-01-01","type":"a","user":"u","value":1,"deep":""" + new string('[', 64) + new string(']', 64) + "}", "invalid_json" },
        { Good.Replace("generator", "\\ud800"), "lone_surrogate" },
        { Good.Replace("generator", "\\udc00\\ud800"), "lone_surrogate" },
        { Good.Replace("generator", "\\ud800\\ud800\\udc00"), "lone_surrogate" },
        { Good.Replace("generator", "\\ud800\\\\udc00"), "lone_surrogate" },
        { Good.Replace("source", "\\uD8FFx"), "lone_surrogate" },
        { Good.Replace("view", "\\udfff"), "lone_surrogate" },
        { "\"\\ud800\"", "lone_surrogate" },
        { "[]", "not_an_object" },
        { "[" + Good + "]", "not_an_object" },
        { "12", "not_an_object" },
        { "null", "not_an_object" },
        { "\"text\"", "not_an_object" },
        { Good.Replace("\"metadata\":{", "\"ts\":\"2026-01-01\",\"metadata\":{"), "duplicate_field" },
        { Good.Replace("\"metadata\":{", "\"valu\\u0065\":1,\"metadata\":{"), "duplicate_field" },
        { """{"type":"a","type":"b"}""", "duplicate_field" },
        { "{}", "missing_field" },
        { Good.Replace("\"user\"", "\"User\""), "missing_field" },
        { Good.Replace("\"value\"", "\"value \""), "missing_field" },
        { """{"metadata":{"ts":"2026-01-01","type":"a","user":"u","value":1}}""", "missing_field" },
        { """{"id":"w","iterations":1}""", "missing_field" },
        { WithValue("\"12\""), "wrong_type" },
        { WithValue("null"), "wrong_type" },
        { WithValue("{}"), "wrong_type" },
        { Good.Replace("\"view\"", "[\"view\"]"), "wrong_type" },
        { Good.Replace("\"u6012\"", "6012"), "wrong_type" },
        { Good.Replace("\"2026-01-01T00:00:00.874Z\"", "1767225600874"), "wrong_type" },
        { Good.Replace("\"view\"", "\"\""), "empty_field" },
        { Good.Replace("2026-01-01T00:00:00.874Z", ""), "empty_field" },
        { Good.Replace("T00", "T24"), "invalid_ts" },
        { Good.Replace("01-01", "02-30"), "invalid_ts" },
        { WithValue("1e400"), "value_out_of_range" },
        { WithValue("0.0000000001"), "value_out_of_range" },
        { WithValue("9223372036854775808"), "value_out_of_range" },
        { Good.Replace("T00", "T24").Replace(":12,", ":" + "1e400" + ","), "invalid_ts" },
        { Good.Replace("\"view\"", "\"\"").Replace("\"u6012\"", "1"), "empty_field" },
        { WithValue("1e400").Replace("\"seq\":0", "\"seq\":0]"), "invalid_json" },
    };

    public static TheoryData<string> Events =>
    [
        Good,
        Good + "  ",
        "\t" + Good,
        Good.Replace(":", " : ").Replace("00 : 00 : 00", "00:00:00"),
        Good.Replace("type", "\\u0074ype").Replace("view", "v\\u0069ew"),
        Good.Replace("2026", "202\\u0036"),
        WithValue("1.20e1"),
        Good.Replace("generator", "\\ud83d\\ude00 \\\\ud800 \\\" \\/ \\b\\f\\n\\r\\t \\u0000"),
        Good.Replace("generator", "Größe 😀"),
        Good.Replace("\"seq\"", "\"source\""),
        Good.Replace("\"metadata\":{", "\"metadata\":1,\"metadata\":{"),
        Good.Replace("\"seq\":0", "\"ts\":1,\"type\":null,\"value\":\"\",\"user\":0"),
        Good.Replace("\"seq\":0", "\"seq\":[true,false,null,-1.5e-7,{\"a\":[]},\"x\"]"),
        Good.Replace("\"metadata\":{", "\"vectors\":[],\"id\":1,\"id\":2,\"metadata\":{"),
        """{"value":12,"user":"u6012","type":"view","ts":"2026-01-01T00:00:00.874Z"}""",
        """{"deep":""" + new string('[', 63) + new string(']', 63) + "," + Good[1..],
    ];

    [Theory]
    [MemberData(nameof(Rejects))]
    public async Task Parse_BadLine_IsRejectedWithItsReasonAndItsNeighboursAreParsed(string line, string reason)
    {
        var raw = Encoding.UTF8.GetBytes(line);
        var run = await ParseRun.OverAsync([.. Bytes(Good + "\n"), .. raw, .. Bytes("\r\n" + Good)]);

        var reject = Assert.Single(run.Rejects);
        Assert.Equal((reason, 2, Good.Length + 1, "some.ndjson"), (reject.Reason, reject.Line, reject.Offset, reject.File));
        Assert.Equal(raw, reject.Raw.ToByteArray());
        Assert.Equal([1L, 3L], run.Events.Select(e => e.Line));
        Assert.Equal(1, run.Meter.Rejected);
    }

    [Theory]
    [MemberData(nameof(Events))]
    public async Task Parse_GoodLineInAnyNotation_IsAnEvent(string line)
    {
        var run = await ParseRun.OverAsync($"{Good}\n{line}\n{line}\n{Good}");

        Assert.Empty(run.Rejects);
        Assert.Equal(4, run.Events.Count);
        Assert.All(run.Events, e => Assert.Equal(("view", "u6012", 1767225600874L, 12m), (e.Type, e.User, e.Ts, e.Value)));
    }

    [Theory]
    [InlineData(new byte[] { 0xFF })]
    [InlineData(new byte[] { 0xC0, 0x80 })]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 })]
    [InlineData(new byte[] { 0xF4, 0x90, 0x80, 0x80 })]
    [InlineData(new byte[] { 0xE2, 0x82 })]
    public async Task Parse_InvalidUtf8Anywhere_IsRejected(byte[] bad)
    {
        foreach (var place in new[] { "view", "u6012", "source", "generator", "}}", "2026" })
        {
            var at = Good.IndexOf(place, StringComparison.Ordinal);
            byte[] line = [.. Bytes(Good[..at]), .. bad, .. Bytes(Good[at..])];
            var run = await ParseRun.OverAsync([.. Bytes(Good + "\n"), .. line, .. Bytes("\n" + Good)]);

            Assert.Equal("invalid_utf8", Assert.Single(run.Rejects).Reason);
            Assert.Equal(2, run.Events.Count);
        }
    }

    private static string WithValue(string value) => Good.Replace(":12,", $":{value},");

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
