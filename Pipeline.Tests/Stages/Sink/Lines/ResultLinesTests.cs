using System.Buffers;
using System.Numerics;
using System.Text;
using System.Text.Json;
using CsCheck;
using Google.Protobuf;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Sink.Lines;

namespace Pipeline.Tests.Stages.Sink.Lines;

public sealed class ResultLinesTests
{
    [Fact]
    public void Write_GroupsOfTheStandardRun_GivesTheKnownLines()
    {
        Assert.Equal("{\"key\":\"click\",\"count\":30387,\"sum\":1672013,\"avg\":55.02395761345312}\n", Line(GroupOf(30387, 1672013, 0, Text("click"))));
        Assert.Equal("{\"key\":\"purchase\",\"count\":30288,\"sum\":1656819,\"avg\":54.702159270998415}\n", Line(GroupOf(30288, 1656819, 0, Text("purchase"))));
    }

    [Fact]
    public void Write_FirstWorkItem_GivesTheKnownLine()
    {
        var item = new WorkItem { Id = "w-000000", VectorChecksum = 715.2778334409184, Score = 95709.73059750232, FinalScore = 122031.82140303358 };

        Assert.Equal(
            "{\"workItemId\":\"w-000000\",\"vectorChecksum\":715.2778334409184,\"score\":95709.73059750232,\"finalScore\":122031.82140303358}\n",
            Written(output => ResultLines.Write(output, item)));
    }

    [Fact]
    public void Write_SeveralKeyColumns_GivesAnArrayAndExtraAggregatesFollow()
    {
        var group = GroupOf(3, 1050, 2, Text("a\"b\u00e9\U0001F600\u0001\n"), Number(-1250, 3), new Scalar { Boolean = true });
        (group.MinHigh, group.MinLow, group.MaxLow) = (-1, unchecked((ulong)-5L), 1000);

        Assert.Equal(
            "{\"key\":[\"a\\\"b\u00e9\U0001F600\\u0001\\n\",-1.25,true],\"count\":3,\"sum\":10.5,\"avg\":3.5,\"min\":-0.05,\"max\":10}\n",
            Line(group, withMin: true, withMax: true));
    }

    [Fact]
    public void Write_RejectWithOrWithoutFileAndRaw_WritesOnlyWhatIsPresent()
    {
        var reject = new Reject { Line = 17, Offset = 2048, Reason = "invalid_json", Raw = ByteString.CopyFromUtf8("{\"a\\\t") };
        Assert.Equal("{\"line\":17,\"offset\":2048,\"reason\":\"invalid_json\",\"raw\":\"{\\\"a\\\\\\t\"}\n", Written(o => ResultLines.Write(o, reject)));

        reject.File = "a/b.ndjson";
        reject.Raw = ByteString.CopyFrom(0xFF, 0xFE, 0x00);
        Assert.Equal(
            "{\"line\":17,\"offset\":2048,\"file\":\"a/b.ndjson\",\"reason\":\"invalid_json\",\"rawBase64\":\"//4A\"}\n",
            Written(o => ResultLines.Write(o, reject)));

        reject.Raw = ByteString.Empty;
        Assert.Equal("{\"line\":17,\"offset\":2048,\"file\":\"a/b.ndjson\",\"reason\":\"invalid_json\"}\n", Written(o => ResultLines.Write(o, reject)));
    }

    [Theory]
    [InlineData("0", 0, "0")]
    [InlineData("0", 9, "0")]
    [InlineData("-1", 9, "-0.000000001")]
    [InlineData("1200", 2, "12")]
    [InlineData("1230", 2, "12.3")]
    [InlineData("-5", 1, "-0.5")]
    [InlineData("170141183460469231731687303715884105727", 9, "170141183460469231731687303715.884105727")]
    [InlineData("-170141183460469231731687303715884105728", 0, "-170141183460469231731687303715884105728")]
    public void WriteDecimal_AnyScale_IsExactWithoutTrailingZeros(string value, int scale, string expected) =>
        Assert.Equal(expected, Written(output => JsonText.WriteDecimal(output, Int128.Parse(value), scale)));

    [Fact]
    public void WriteNumber_RandomDoubles_MatchesUtf8JsonWriter() => Gen.Double.Sample(
        value =>
        {
            var output = new MemoryStream();
            using (var writer = new Utf8JsonWriter(output))
            {
                if (double.IsFinite(value))
                    writer.WriteNumberValue(value);
                else
                    writer.WriteNullValue();
            }

            Assert.Equal(Encoding.UTF8.GetString(output.ToArray()), Written(o => JsonText.WriteNumber(o, value)));
        });

    [Fact]
    public void WriteString_RandomTexts_ReadBackUnchanged() => Gen.String.Where(text => !text.Any(char.IsSurrogate)).Sample(
        text => Assert.Equal(text, JsonSerializer.Deserialize<string>(Written(output => JsonText.WriteString(output, text)))));

    [Fact]
    public void ExactAverage_RandomSumsAndCounts_IsTheNearestDouble()
    {
        var sums = Gen.OneOf(Gen.Long.Select(value => (Int128)value), Gen.Select(Gen.Long, Gen.ULong, (high, low) => new Int128((ulong)(high >> 20), low)));
        var counts = Gen.OneOf(Gen.Long[1, 1000], Gen.Long[1, long.MaxValue]);
        Gen.Select(sums, Gen.Int[0, 9], counts).Sample(
            (sum, scale, count) => AssertNearest(sum, (BigInteger)count * BigInteger.Pow(10, scale), ExactAverage.Of(sum, scale, count)));
    }

    [Theory]
    [InlineData("9007199254740993", 1, 9007199254740992.0)]
    [InlineData("9007199254740995", 1, 9007199254740996.0)]
    [InlineData("18014398509481987", 2, 9007199254740994.0)]
    [InlineData("-9007199254740993", 1, -9007199254740992.0)]
    [InlineData("0", 3, 0.0)]
    public void ExactAverage_Tie_RoundsToTheEvenDouble(string sum, long count, double expected) =>
        Assert.Equal(expected, ExactAverage.Of(Int128.Parse(sum), 0, count));

    [Theory]
    [InlineData(1 << 20)]
    [InlineData(400)]
    [InlineData(1)]
    public void GroupSort_KeysOfAllKinds_SortsByKindThenByBytesOrValue(int memory)
    {
        Scalar[] inOrder =
        [
            Text(""), Text("\0"), Text("\0a"), Text("\u0001"), Text("B"), Text("a"), Text("ab"), Text("\u00e9"), Text("\uFFFD"), Text("\U0001F600"),
            Number(-3, 0), Number(-25, 1), Number(1, 9), Number(99, 2), Number(1, 0), Number(long.MaxValue, 9), Number(long.MaxValue, 0),
            new Scalar { Boolean = false }, new Scalar { Boolean = true },
        ];
        var groups = inOrder.SelectMany(first => new[] { Text("x"), Number(2, 0) }.Select(second => GroupOf(1, 1, 0, first, second))).ToList();
        var lines = groups.Select(group => Line(group)).ToList();
        Gen.Shuffle(groups.ToArray()).Sample(shuffled => Assert.Equal(lines, Sorted(shuffled, memory)), iter: 50);
    }

    [Theory]
    [InlineData(1 << 20)]
    [InlineData(1)]
    public void GroupSort_TwoGroupsWithOneKey_Throws(int memory)
    {
        var error = Assert.Throws<StageException>(
            () => Sorted([GroupOf(1, 1, 0, Text("b")), GroupOf(1, 1, 0, Text("a")), GroupOf(2, 1, 0, Text("b"))], memory));

        Assert.StartsWith("Two groups have the same key: {\"key\":\"b\"", error.Failure.Message, StringComparison.Ordinal);
    }

    private static List<string> Sorted(IEnumerable<Group> groups, int memory)
    {
        using var folder = new TestFolder();
        using (var sort = new GroupSort(
            Path.Join(folder.Path, "groups.1.tmp"), (output, group) => ResultLines.Write(output, group, withMin: false, withMax: false), memory))
        {
            foreach (var group in groups)
                sort.Add(group);

            return [.. sort.Sorted().Select(entry => Encoding.UTF8.GetString(entry.Content.Span))];
        }
    }

    private static void AssertNearest(Int128 sum, BigInteger divisor, double average)
    {
        // |exact - average| must not exceed |exact - neighbour| on either side, all as integers over one denominator.
        var distance = Distance(average);
        Assert.True(distance <= Distance(Math.BitIncrement(average)), $"{sum} / {divisor} = {average:R}, but the next double above is nearer");
        Assert.True(distance <= Distance(Math.BitDecrement(average)), $"{sum} / {divisor} = {average:R}, but the next double below is nearer");

        BigInteger Distance(double candidate)
        {
            const int Scale = 1200;
            var scaled = (BigInteger)Math.ScaleB(candidate, 0 - Exponent(candidate)) << (Scale + Exponent(candidate));
            return BigInteger.Abs(((BigInteger)sum << Scale) - (scaled * divisor));
        }

        static int Exponent(double value) => value == 0 ? 0 : Math.ILogB(value) - 52;
    }

    private static Group GroupOf(long count, long sum, int scale, params Scalar[] key) =>
        new() { Key = { key }, Count = count, SumHigh = sum < 0 ? -1 : 0, SumLow = (ulong)sum, Scale = scale };

    private static Scalar Text(string text) => new() { Text = text };

    private static Scalar Number(long mantissa, int scale) => new() { Number = new Pipeline.Contracts.V1.Decimal { Mantissa = mantissa, Scale = scale } };

    private static string Line(Group group, bool withMin = false, bool withMax = false) =>
        Written(output => ResultLines.Write(output, group, withMin, withMax));

    private static string Written(Action<IBufferWriter<byte>> write)
    {
        var output = new ArrayBufferWriter<byte>();
        write(output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
