using System.Globalization;
using System.Text;
using Pipeline.Client.Runs;

namespace Pipeline.Tests.EndToEnd;

/// <summary>Events with everything between them that an input may hold: bad lines of many kinds, blank ones, work items.</summary>
internal static class MixedInput
{
    /// <summary>The limit that some of the lines are over.</summary>
    public const int MaxLineBytes = 2_048;

    private static readonly string[] Types = ["click", "view", "purchase", "søk"];

    private static readonly byte[][] Bad =
    [
        "not json"u8.ToArray(),
        "{\"ts\":\"2026-01-01T00:00:00Z\",\"type\":\"click\"}"u8.ToArray(),
        "{\"ts\":\"2026-01-01T00:00:00Z\",\"type\":\"click\",\"user\":\"u\",\"value\":1e300}"u8.ToArray(),
        "{\"ts\":\"2026-13-01T00:00:00Z\",\"type\":\"click\",\"user\":\"u\",\"value\":1}"u8.ToArray(),
        "{\"ts\":\"2026-01-01T00:00:00Z\",\"type\":\"\",\"user\":\"u\",\"value\":1}"u8.ToArray(),
        "{\"ts\":\"2026-01-01T00:00:00Z\",\"type\":\"click\",\"user\":\"\\ud800\",\"value\":1}"u8.ToArray(),
        [.. "{\"ts\":\"2026-01-01T00:00:00Z\",\"type\":\""u8, 0xFF, 0xFE, .. "\",\"user\":\"u\",\"value\":1}"u8],
        "{\"ts\":\"2026-01-01T00:00:00Z\",\"type\":\"click\",\"user\":\"u\",\"value\":1}{\"ts\":\"2026-01-01T00:00:00Z\"}"u8.ToArray(),
        [0, 0, 0, (byte)'{', (byte)'}', 0],
        Encoding.ASCII.GetBytes(new string('[', 1_000)),
        Encoding.ASCII.GetBytes(new string('x', MaxLineBytes + 1)),
    ];

    /// <summary>A run over such an input, to a folder beside it that is made for its files.</summary>
    public static RunSettings NewRun(string input, string folder, int checkpointIntervalMillis = 100) => new()
    {
        Input = input,
        Output = Path.Combine(Directory.CreateDirectory(Path.Combine(Path.GetDirectoryName(input)!, folder)).FullName, "results.ndjson"),
        MaxLineBytes = MaxLineBytes,
        CheckpointIntervalMillis = checkpointIntervalMillis,
    };

    /// <summary>Writes it; the same bytes for the same numbers.</summary>
    /// <returns>What is known beforehand; events and filtered ones are counted by nobody yet.</returns>
    public static RunCounts Write(Stream stream, int lines, int seed, double badShare = 0.004)
    {
        var random = new Random(seed);
        var (blank, bad, items) = (0, 0, 0);
        using var writer = new BufferedStream(stream, 1 << 20);
        for (var i = 0; i < lines; i++)
        {
            var draw = random.NextDouble();
            if (draw < badShare)
            {
                writer.Write(Bad[random.Next(Bad.Length)]);
                bad++;
            }
            else if (draw > 0.999)
            {
                writer.Write(random.Next(2) == 0 ? ""u8 : " \t"u8);
                blank++;
            }
            else if (draw > 0.998)
            {
                Write(writer, $"{{\"id\":\"w-{i}\",\"vectors\":[{{\"values\":[{random.Next(9)},2,{random.Next(9)}.5]}}],");
                Write(writer, $"\"matrix\":{{\"rows\":[{{\"values\":[1,{random.Next(9)}]}},{{\"values\":[3,4]}}]}},\"text\":\"x\",\"iterations\":20}}");
                items++;
            }
            else
            {
                var type = Types[random.Next(Types.Length)];
                Write(writer, $"{{\"ts\":\"2026-01-01T00:{i / 60_000 % 60:00}:{i / 1000 % 60:00}.{i % 1000:000}Z\",\"type\":\"{type}\",");
                Write(writer, $"\"user\":\"u{random.Next(10_000):0000}\",\"value\":{random.Next(1, 101)}{(random.Next(10) == 0 ? ".25" : "")}}}");
            }

            writer.Write(random.Next(50) == 0 ? "\r\n"u8 : "\n"u8);
        }

        return new RunCounts { Lines = lines, Blank = blank, Rejected = bad, WorkItems = items };
    }

    private static void Write(Stream stream, FormattableString text) => stream.Write(Encoding.UTF8.GetBytes(text.ToString(CultureInfo.InvariantCulture)));
}
