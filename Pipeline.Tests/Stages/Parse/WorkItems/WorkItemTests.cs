using System.Globalization;
using System.Text;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;

namespace Pipeline.Tests.Stages.Parse.WorkItems;

public sealed class WorkItemTests
{
    [Fact]
    public async Task Parse_FirstMediumItemOfSeed42_GivesTheKnownChecksum()
    {
        var run = await ParseRun.OverAsync(Generated("w-000000", new Mulberry32(42), 10));

        var item = Assert.Single(run.WorkItems);
        Assert.Equal(("w-000000", 1L, 715.2778334409184), (item.Id, item.Line, item.VectorChecksum));
        Assert.Equal((20, 10, 10), (item.Vectors.Count, item.MatrixRows, item.MatrixColumns));
        Assert.Equal(77, ((MessageFrame)Assert.Single(run.Frames)).Message.WorkItems.ReadMicros);
    }

    [Fact]
    public async Task Parse_ValidItem_NormalizesVectorsAndTransposesTheMatrix()
    {
        var item = await ItemAsync(
            """{"id":"\u0061","vectors":[{"values":[3,4]},{"values":[]},{"values":[0,-0.0],"x":[]}]"""
            + ""","matrix":{"rows":[{"values":[1,2,3]},{"values":[4,5,6]}]},"iterations":2}""");

        Assert.Equal("a", item.Id);
        Assert.Equal([0.6, 0.8, 0, -0.0], item.Vectors);
        Assert.Equal([1, 4, 2, 5, 3, 6], item.Matrix);
        Assert.Equal((3, 2), (item.MatrixRows, item.MatrixColumns));
        Assert.Equal((0.0 + (0.6 * 1 * 0.001) + (0.8 * 1 * 0.001)) + ((0.6 * 2 * 0.001) + (0.8 * 2 * 0.001)), item.VectorChecksum);
    }

    [Theory]
    [InlineData("""{"rows":[]}""", 0, 0)]
    [InlineData("""{"rows":[{"values":[]},{"values":[]}]}""", 0, 2)]
    [InlineData("""{"rows":[{"values":[1]}],"unit":{"rows":[]}}""", 1, 1)]
    public async Task Parse_EmptyOrSmallMatrix_KeepsItsRowsAndColumns(string matrix, int rows, int columns)
    {
        var item = await ItemAsync($$"""{"id":"a","vectors":[{"values":[1]}],"matrix":{{matrix}}}""");

        Assert.Equal((rows, columns), (item.MatrixRows, item.MatrixColumns));
    }

    [Theory]
    [InlineData("""{"id":"w","vectors":[{"values":[1]}]}""", "missing_field")]
    [InlineData("""{"id":"w","matrix":{"rows":[]}}""", "missing_field")]
    [InlineData("""{"vectors":[{"values":[1]}],"matrix":{"rows":[]}}""", "missing_field")]
    [InlineData("""{"id":"w","vectors":[{}],"matrix":{"rows":[]}}""", "missing_field")]
    [InlineData("""{"id":"w","vectors":[{"values":[1]}],"matrix":{}}""", "missing_field")]
    [InlineData("""{"id":"w","id":"w","vectors":[{"values":[1]}],"matrix":{"rows":[]}}""", "duplicate_field")]
    [InlineData("""{"id":"w","vectors":[{"values":[1],"values":[1]}],"matrix":{"rows":[]}}""", "duplicate_field")]
    [InlineData("""{"id":"w","vectors":[{"values":[1]}],"matrix":{"rows":[],"rows":[]}}""", "duplicate_field")]
    [InlineData("""{"id":"w","vectors":[{"values":[1]}],"matrix":{"rows":[]},"iterations":1,"iterations":1}""", "duplicate_field")]
    [InlineData("""{"id":1,"vectors":[{"values":[1]}],"matrix":{"rows":[]}}""", "wrong_type")]
    [InlineData("""{"id":"w","vectors":{"values":[1]},"matrix":{"rows":[]}}""", "wrong_type")]
    [InlineData("""{"id":"w","vectors":"[]","matrix":{"rows":[]}}""", "wrong_type")]
    [InlineData("""{"id":"w","vectors":"[{","matrix":{"rows":[]}}""", "wrong_type")]
    [InlineData("""{"id":"w","vectors":"[{\"values\":[1]}]","matrix":{"rows":[]}}""", "wrong_type")]
    [InlineData("""{"id":"w","vectors":[{"values":[1]}],"matrix":"{}"}""", "wrong_type")]
    [InlineData("""{"id":"w","vectors":[{"values":[1]}],"matrix":"{\"rows\":[]}"}""", "wrong_type")]
    [InlineData("""{"id":"w","vectors":[[1]],"matrix":{"rows":[]}}""", "wrong_type")]
    [InlineData("""{"id":"w","vectors":[{"values":1}],"matrix":{"rows":[]}}""", "wrong_type")]
    [InlineData("""{"id":"w","vectors":[{"values":["1"]}],"matrix":{"rows":[]}}""", "wrong_type")]
    [InlineData("""{"id":"w","vectors":[{"values":[null]}],"matrix":{"rows":[]}}""", "wrong_type")]
    [InlineData("""{"id":"w","vectors":[{"values":[1]}],"matrix":[]}""", "wrong_type")]
    [InlineData("""{"id":"w","vectors":[{"values":[1]}],"matrix":{"rows":{}}}""", "wrong_type")]
    [InlineData("""{"id":"w","vectors":[{"values":[1]}],"matrix":{"rows":[]},"iterations":"1"}""", "wrong_type")]
    [InlineData("""{"id":"","vectors":[{"values":[1]}],"matrix":{"rows":[]}}""", "empty_field")]
    [InlineData("""{"id":"w","vectors":[],"matrix":{"rows":[]}}""", "empty_field")]
    [InlineData("""{"id":"w","vectors":[{"values":[]}],"matrix":{"rows":[]}}""", "empty_field")]
    [InlineData("""{"id":"w","vectors":[{"values":[1.1e100]}],"matrix":{"rows":[]}}""", "value_out_of_range")]
    [InlineData("""{"id":"w","vectors":[{"values":[1]}],"matrix":{"rows":[{"values":[-1e999]}]}}""", "value_out_of_range")]
    [InlineData("""{"id":"w","vectors":[{"values":[1]}],"matrix":{"rows":[{"values":[1]},{"values":[]}]}}""", "not_rectangular")]
    [InlineData("""{"id":"w","vectors":[{"values":[1]}],"matrix":{"rows":[]},"iterations":-1}""", "iterations_out_of_range")]
    [InlineData("""{"id":"w","vectors":[{"values":[1]}],"matrix":{"rows":[]},"iterations":100001}""", "iterations_out_of_range")]
    [InlineData("""{"id":"w","vectors":[{"values":[1]}],"matrix":{"rows":[]},"iterations":1.5}""", "iterations_out_of_range")]
    [InlineData("""{"id":"w","vectors":[{"values":[1]}],"matrix":{"rows":[]},"iterations":1e99}""", "iterations_out_of_range")]
    [InlineData("""{"id":"w","vectors":[{"values":[1]}],"matrix":{"rows":[]},"text":"\ud800"}""", "lone_surrogate")]
    public async Task Parse_InvalidItem_IsRejectedWithItsReason(string line, string reason)
    {
        var good = Generated("good", new Mulberry32(1), 2);
        var run = await ParseRun.OverAsync($"{good}\n{line}\n{good}");

        Assert.Equal([1L, 3L], run.WorkItems.Select(i => i.Line));
        Assert.Equal((2L, reason), (run.Rejects.Single().Line, run.Rejects.Single().Reason));
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("5e2", 500)]
    [InlineData("500.0", 500)]
    [InlineData("100000", 100_000)]
    public async Task Parse_IterationsWholeNumberInRange_ComputesThatMany(string iterations, int expected)
    {
        var item = await ItemAsync($$"""{"id":"a","vectors":[{"values":[2]}],"matrix":{"rows":[]},"iterations":{{iterations}}}""");

        var sum = 0.0;
        for (var i = 0; i < expected; i++)
            sum += 0.0 + (1.0 * (i + 1) * 0.001);

        Assert.Equal(sum, item.VectorChecksum);
    }

    [Fact]
    public async Task Parse_LineIsEventAndWorkItem_IsAnEvent()
    {
        var run = await ParseRun.OverAsync("""{"id":"w","vectors":[{"values":[1]}],"matrix":{"rows":[]},"ts":"2026-01-01","type":"a","user":"","value":1}""");

        Assert.Equal((1, 0), (run.Events.Count, run.WorkItems.Count));
    }

    [Fact]
    public async Task Process_ManyItems_SendsBatchesOfAboutAMebibyteInLineOrder()
    {
        var values = string.Join(',', Enumerable.Repeat("1", 20_000));
        var lines = Enumerable.Range(0, 20).Select(i => $$"""{"id":"w-{{i}}","vectors":[{"values":[{{values}}]}],"matrix":{"rows":[]},"iterations":1}""");
        var run = await ParseRun.OverAsync(string.Join('\n', lines));

        Assert.Equal(4, run.Frames.Count);
        Assert.All(run.Frames.Cast<MessageFrame>(), f => Assert.InRange(f.Message.CalculateSize(), 1, (1 << 20) + 100));
        Assert.Equal(Enumerable.Range(1, 20).Select(i => (long)i), run.WorkItems.Select(i => i.Line));
    }

    [Fact]
    public async Task Parse_ItemTooLargeForAMessage_IsRejected()
    {
        var values = string.Join(',', Enumerable.Repeat("1", 500_001));
        var line = "{\"id\":\"w\",\"vectors\":[{\"values\":[" + values + "]}],\"matrix\":{\"rows\":[{\"values\":[" + values + "]}]}}";
        var run = await ParseRun.OverAsync(line);

        Assert.Equal("too_many_values", Assert.Single(run.Rejects).Reason);
    }

    internal static string Generated(string id, Mulberry32 random, int size)
    {
        var line = new StringBuilder().Append("{\"id\":\"").Append(id).Append("\",\"vectors\":[");
        Rows(2);
        line.Append("],\"matrix\":{\"rows\":[");
        Rows(size);
        return line.Append("]},\"text\":\"").Append("Lorem ipsum dolor sit amet, consectetur adipiscing elit. ").Append("\",\"iterations\":500}").ToString();

        void Rows(int count) => line.AppendJoin(',', Enumerable.Range(0, count).Select(_ => $"{{\"values\":[{Row()}]}}"));
        string Row() => string.Join(',', Enumerable.Range(0, size).Select(_ => random.Next().ToString("R", CultureInfo.InvariantCulture)));
    }

    private static async Task<WorkItem> ItemAsync(string line)
    {
        var run = await ParseRun.OverAsync(line);
        Assert.Empty(run.Rejects);
        return Assert.Single(run.WorkItems);
    }
}
