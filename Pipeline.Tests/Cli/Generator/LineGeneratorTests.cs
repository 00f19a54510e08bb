using System.Globalization;
using System.Text;
using System.Text.Json;
using Pipeline.Cli.Generator;

namespace Pipeline.Tests.Cli.Generator;

public sealed class LineGeneratorTests
{
    private static readonly string[] Filtered = ["view"];

    [Fact]
    public void Write_DefaultTypesAndSeed42_HasTheKnownSums()
    {
        var sums = new Dictionary<string, (long Count, long Sum)>();
        var filtered = 0;
        foreach (var line in Lines(new GeneratorOptions { Count = 100_000, Users = 10_000, Seed = 42 }))
        {
            using var json = JsonDocument.Parse(line);
            var type = json.RootElement.GetProperty("type").GetString()!;
            var value = json.RootElement.GetProperty("value").GetInt64();
            if (Filtered.Contains(type) || value < 10)
            {
                filtered++;
                continue;
            }

            var (count, sum) = sums.GetValueOrDefault(type);
            sums[type] = (count + 1, sum + value);
        }

        Assert.Equal((30_387, 1_672_013), sums["click"]);
        Assert.Equal((30_288, 1_656_819), sums["purchase"]);
        Assert.Equal(39_325, filtered);
    }

    [Theory]
    [InlineData("uniform")]
    [InlineData("zipf")]
    [InlineData("burst")]
    public void Write_AnyDistribution_EqualsTheReferenceImplementation(string distribution)
    {
        var options = new GeneratorOptions
        {
            Count = 20_000,
            Users = 123_456,
            Seed = -7,
            Types = ["a", "b\"ö"],
            Start = new DateTimeOffset(2024, 2, 28, 23, 0, 0, TimeSpan.Zero),
            Distribution = Enum.Parse<UserDistribution>(distribution, ignoreCase: true),
        };

        Assert.Equal(PlainEvents(options, distribution), Lines(options));
    }

    [Fact]
    public void Write_FirstWorkItemOfSeed42_HasTheKnownChecksumAndScore()
    {
        var line = Assert.Single(Lines(new GeneratorOptions { Count = 1, Seed = 42, Workload = Workload.WorkItems }));
        using var json = JsonDocument.Parse(line);
        var item = json.RootElement;

        Assert.Equal("w-000000", item.GetProperty("id").GetString());
        Assert.Equal(500, item.GetProperty("iterations").GetInt32());
        Assert.Equal(string.Concat(Enumerable.Repeat("Lorem ipsum dolor sit amet, consectetur adipiscing elit. ", 20)), item.GetProperty("text").GetString());
        Assert.Equal((715.2778334409184, 95709.73059750232), Score(Rows(item.GetProperty("vectors")), Rows(item.GetProperty("matrix").GetProperty("rows"))));
    }

    [Theory]
    [InlineData("Small", 5)]
    [InlineData("Medium", 10)]
    [InlineData("Large", 20)]
    public void Write_WorkItems_HaveTheSizeAndDrawsOfThePayload(string payload, int size)
    {
        var random = new PlainRandom(9);
        var options = new GeneratorOptions { Count = 3, Seed = 9, Workload = Workload.WorkItems, Payload = Enum.Parse<PayloadSize>(payload) };
        var index = 0;
        foreach (var line in Lines(options))
        {
            var draws = Enumerable.Range(0, (2 + size) * size).Select(_ => random.Next().ToString("R", CultureInfo.InvariantCulture)).Chunk(size);
            var rows = draws.Select(row => $"{{\"values\":[{string.Join(',', row)}]}}").ToArray();
            var expected = $"{{\"id\":\"w-{index++:D6}\",\"vectors\":[{string.Join(',', rows[..2])}],"
                + $"\"matrix\":{{\"rows\":[{string.Join(',', rows[2..])}]}},\"text\":\"";
            Assert.StartsWith(expected, line, StringComparison.Ordinal);
            Assert.EndsWith(",\"iterations\":500}", line, StringComparison.Ordinal);
        }

        Assert.Equal(3, index);
    }

    [Fact]
    public void Write_MixedWorkload_OneDrawDecidesTheKindOfEachLine()
    {
        var lines = Lines(new GeneratorOptions { Count = 2_000, Seed = 3, Workload = Workload.Mixed, WorkRatio = 0.25, Payload = PayloadSize.Small });
        var random = new PlainRandom(3);
        Assert.Equal(2_000, lines.Length);
        foreach (var line in lines)
        {
            var isItem = random.Next() < 0.25;
            Assert.Equal(isItem, line.StartsWith("{\"id\":", StringComparison.Ordinal));
            random.Skip(isItem ? 7 * 5 : 4);
        }
    }

    [Fact]
    public void Validate_SeveralWrongOptions_ReturnsAllErrors()
    {
        var options = new GeneratorOptions
        {
            Count = 1_000_000,
            Start = new DateTimeOffset(9999, 12, 31, 23, 0, 0, TimeSpan.Zero),
            Types = ["ok", "", "\ud800"],
        };

        var errors = options.Validate();

        Assert.Equal(3, errors.Count);
        Assert.Contains("--types must be names of 1 to 256 characters", errors);
        Assert.Contains("--types must be well-formed Unicode", errors);
    }

    [Fact]
    public void Validate_HalfAPairBesideAReplacementCharacter_IsAnError()
    {
        Assert.Empty(new GeneratorOptions { Count = 1, Types = ["\ufffd"] }.Validate());
        Assert.Equal(["--types must be well-formed Unicode"], new GeneratorOptions { Count = 1, Types = ["\ufffd\ud800"] }.Validate());
    }

    [Fact]
    public void Validate_TimesMayPassYear9999_IsAnError()
    {
        var options = new GeneratorOptions { Count = 1_000_000, Start = new DateTimeOffset(9999, 12, 31, 23, 0, 0, TimeSpan.Zero) };
        Assert.Contains("before the year 10000", Assert.Single(options.Validate()), StringComparison.Ordinal);
        Assert.Empty((options with { Count = 2_000 }).Validate());
        Assert.Empty((options with { Workload = Workload.WorkItems }).Validate());
    }

    [Fact]
    public void Write_Cancelled_Throws()
    {
        var options = new GeneratorOptions { Count = GeneratorOptions.MaxCount };
        Assert.Throws<OperationCanceledException>(() => LineGenerator.Write(options, Stream.Null, null, new CancellationToken(true)));
    }

    private static string[] Lines(GeneratorOptions options)
    {
        Assert.Empty(options.Validate());
        using var stream = new MemoryStream();
        LineGenerator.Write(options, stream, null, CancellationToken.None);
        var text = Encoding.UTF8.GetString(stream.ToArray());
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        return text[..^1].Split('\n');
    }

    private static string[] PlainEvents(GeneratorOptions options, string distribution)
    {
        var random = new PlainRandom(options.Seed);
        var clock = options.Start.UtcDateTime;
        long burstLeft = 0, burstUser = 0;
        var lines = new List<string>();
        for (var index = 0; index < options.Count; index++)
        {
            clock = clock.AddMilliseconds(250 + Math.Floor(1000 * random.Next()));
            var type = options.Types[(int)Math.Floor(random.Next() * options.Types.Count)];
            var user = User();
            var value = Math.Floor(100 * random.Next()) + 1;
            var time = clock.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
            lines.Add($"{{\"ts\":\"{time}\",\"type\":{JsonSerializer.Serialize(type)},\"user\":\"u{user:D4}\",\"value\":{value},"
                + $"\"metadata\":{{\"source\":\"generator\",\"seq\":{index}}}}}");
        }

        return [.. lines];

        long User()
        {
            if (distribution == "uniform")
                return (long)Math.Floor(random.Next() * options.Users);

            if (distribution == "zipf")
                return (long)Math.Floor(Math.Pow(random.Next(), 3) * options.Users);

            if (burstLeft > 0)
            {
                burstLeft--;
                return burstUser;
            }

            if (random.Next() < 0.02)
            {
                burstLeft = 50 + (long)Math.Floor(200 * random.Next()) - 1;
                burstUser = (long)Math.Floor(random.Next() * options.Users);
                return burstUser;
            }

            return (long)Math.Floor(random.Next() * options.Users);
        }
    }

    private static double[][] Rows(JsonElement rows) =>
        [.. rows.EnumerateArray().Select(row => row.GetProperty("values").EnumerateArray().Select(value => value.GetDouble()).ToArray())];

    private static (double Checksum, double Score) Score(double[][] vectors, double[][] matrix)
    {
        var all = vectors.SelectMany(vector => vector.Select(value => value / Math.Sqrt(vector.Aggregate(0.0, (sum, v) => sum + (v * v))))).ToArray();
        var checksum = 0.0;
        for (var i = 0; i < 500; i++)
            checksum += all.Aggregate(0.0, (sum, v) => sum + (v * (i + 1) * 0.001));

        var matrixScore = 0.0;
        for (var column = 0; column < matrix[0].Length; column++)
            matrixScore += matrix.Aggregate(0.0, (sum, row) => sum + row[column]);

        var mean = all.Aggregate(0.0, (sum, v) => sum + v) / all.Length;
        var score = 0.0;
        for (var i = 0; i < 500; i++)
            score += (checksum + matrixScore + mean) * (i + 1) * 0.001;

        return (checksum, score);
    }

    /// <summary>A second implementation of Mulberry32, in 64-bit arithmetic as the design specifies it.</summary>
    private sealed class PlainRandom(long seed)
    {
        private const ulong Modulus = 1UL << 32;
        private ulong _s = (ulong)seed % Modulus;

        public double Next()
        {
            _s = (_s + 0x6D2B79F5) % Modulus;
            var t = (_s ^ (_s >> 15)) * (_s | 1) % Modulus;
            t ^= (t + ((t ^ (t >> 7)) * (t | 61) % Modulus)) % Modulus;
            return (t ^ (t >> 14)) / 4294967296.0;
        }

        public void Skip(int draws)
        {
            for (; draws > 0; draws--)
                Next();
        }
    }
}
