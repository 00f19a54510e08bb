using System.Text;

namespace Pipeline.Tests.Stages.Parse;

/// <summary>Lines as users write them, and random changes to them.</summary>
internal static class Mutations
{
    private static readonly string[] Bases =
    [
        """{"ts":"2026-01-01T00:00:00.874Z","type":"view","user":"u6012","value":12,"metadata":{"source":"generator","seq":0}}""",
        """{"ts":"2026-01-01T00:00:31.005Z","type":"purchase","user":"u0001","value":100,"metadata":{"source":"generator","seq":123456789}}""",
        """{"ts": "2026-01-01T00:00:59.999Z", "type": "click", "user": "", "value": -0.5, "ok": true, "note": null}""",
        """{"value":19.99,"user":"jörg 😀","type":"a type of more than thirty-two bytes, """
            + """so that it goes on","ts":"2026-01-01","tags":["a","b",{"c":-1.5e-7}]}""",
        """ { "user" : "u1" , "text" : "say \"hi\" \\ \/ \b\f\n\r\t \u00e9 \ud83d\ude00" ,"""
            + """ "ts" : "1969-12-31T23:59:59.9999+05:30" , "value" : 12345678901234 , "type" : "t" } """,
        """{"t\u0079pe":"v\u0069ew","ts":"2024-02-29T12:34","user":"x","value":1e3,"value2":0,"flags":[true,false,null,[],{}]}""",
        """{"id":"w-1","vectors":[{"values":[0.25,1e-3]},{"values":[3]}],"matrix":{"rows":[{"values":[1,2]},{"values":[3,4]}]}"""
            + ""","text":"Lorem","iterations":3}""",
    ];

    private static readonly string[] Tokens =
    [
        "\"", "\\", "{", "}", "[", "]", ",", ":", " ", "\t", "\r", "\0", "\u001f", "\u007f", "0", "00", "9", "-", "+", ".", "e", "E5", "e-9", "1e400",
        "12345678", "123456789012345678901", "true", "false", "null", "nul", "tru", "NaN", "\\u0041", "\\ud83d\\ude00", "\\ud800", "\\udc00", "\\u12",
        "\\x", "\\\"", "é", "😀", "//", "/**/", "\uFEFF", "\"ts\":", "\"type\":", "\"user\":", "\"value\":", "\"ts\":\"2026-01-01\",", "\"type\":\"x\",",
        "\"value\":1,", "\"\\u0076alue\":1,", ",\"x\":1", "\"id\":\"w\",", "\"vectors\":[],", "\"matrix\":{},",
        "\"[{\\\"values\\\":[1]}]\"", "\"{\\\"rows\\\":[]}\"", "T", "Z", "+01:00", "24", "60", "13",
        "02-30", "T24:00", ":60", "{}", "[[]]", "\"\"", "0.0000000001", "9223372036854775807", "-9223372036854775808", "000000000000000000000000",
    ];

    /// <summary>A line with no to eight changes; it holds no "\n".</summary>
    public static byte[] Line(Random random)
    {
        var line = Encoding.UTF8.GetBytes(Bases[random.Next(random.Next(2) == 0 ? 2 : Bases.Length)]).ToList();
        for (var changes = random.Next(3) == 0 ? random.Next(8) : random.Next(2); changes > 0; changes--)
            Change(line, random);

        line.RemoveAll(b => b == '\n');
        return [.. line];
    }

    private static void Change(List<byte> line, Random random)
    {
        var at = random.Next(line.Count + 1);
        var length = Math.Min(random.Next(1, 6), line.Count - at);
        switch (random.Next(8))
        {
            case 0:
                line.RemoveRange(at, length);
                break;
            case 1:
                line.InsertRange(at, Token(random));
                break;
            case 2:
                line.RemoveRange(at, length);
                line.InsertRange(at, Token(random));
                break;
            case 3 when length > 0:
                line[at] = (byte)random.Next(256);
                break;
            case 4 when length > 0:
                line[at] ^= (byte)(1 << random.Next(8));
                break;
            case 5:
                line.InsertRange(random.Next(line.Count + 1), line.GetRange(at, length));
                break;
            case 6:
                line.RemoveRange(at, random.Next(4) == 0 ? line.Count - at : length);
                break;
            default:
                ChangeDigits(line, random);
                break;
        }
    }

    // Only digits change, so that most lines keep their shape.
    private static void ChangeDigits(List<byte> line, Random random)
    {
        for (var i = 0; i < line.Count; i++)
        {
            if (line[i] is >= (byte)'1' and <= (byte)'9' && random.Next(3) == 0)
                line[i] = (byte)('0' + random.Next(10));
        }
    }

    private static byte[] Token(Random random) => Encoding.UTF8.GetBytes(Tokens[random.Next(Tokens.Length)]);
}
