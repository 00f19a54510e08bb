using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Aggregate.WorkItems;
using Pipeline.Stages.Rules.WorkItems;
using Pipeline.Tests.Stages.Parse.WorkItems;

namespace Pipeline.Tests.Stages.Rules.WorkItems;

public sealed class WorkItemScoreTests
{
    [Fact]
    public void Apply_FirstMediumItemOfSeed42_GivesTheKnownScores()
    {
        var item = Parsed(new Mulberry32(42), 10, 715.2778334409184);
        WorkItemScore.Apply(item);
        Assert.Equal(95709.73059750232, item.Score);
        Assert.Equal(5, item.Eigenvalues.Count);
        Assert.Equal((0, 0, 0, 0), (item.Vectors.Count, item.Matrix.Count, item.MatrixRows, item.MatrixColumns));

        FinalScore.Apply(item);
        Assert.Equal(122031.82140303358, item.FinalScore);
        Assert.Empty(item.Eigenvalues);
        Assert.Equal(("w-000000", 1L, 715.2778334409184), (item.Id, item.Line, item.VectorChecksum));
    }

    [Fact]
    public void Apply_SumDependsOnOrder_AddsFromLeftToRight()
    {
        // In doubles 1e16 + 1 is 1e16: another order would give other sums.
        var item = new WorkItem { Vectors = { 1e16, 1, -1e16, 1 }, Matrix = { 1e16, 1, -1e16, 1 }, MatrixRows = 2, MatrixColumns = 2 };
        WorkItemScore.Apply(item);

        var perRound = (0.0 + (1e16 + (-1e16 + 1))) + (1.0 / 4);
        var expected = 0.0;
        for (var round = 1; round <= 500; round++)
            expected += perRound * round * 0.001;

        Assert.Equal(expected, item.Score);
        Assert.Equal([1e16, 1, -1e16, 1], item.Eigenvalues);
    }

    [Fact]
    public void Apply_OneVectorValueAndNoMatrix_IsScored()
    {
        var item = new WorkItem { Vectors = { 2 }, VectorChecksum = 3 };
        WorkItemScore.Apply(item);
        FinalScore.Apply(item);

        Assert.Equal(Rounds(50, Rounds(500, 5) + 2), item.FinalScore);
    }

    [Fact]
    public void Apply_MatrixSizeIsNotRowsTimesColumns_Throws() =>
        Assert.Throws<StageException>(() => WorkItemScore.Apply(new WorkItem { Vectors = { 1 }, Matrix = { 1, 2, 3 }, MatrixRows = 2, MatrixColumns = 2 }));

    private static double Rounds(int count, double perRound)
    {
        var sum = 0.0;
        for (var round = 1; round <= count; round++)
            sum += perRound * round * 0.001;

        return sum;
    }

    // The generated item as Parse would send it.
    private static WorkItem Parsed(Mulberry32 random, int size, double checksum)
    {
        var item = new WorkItem { Id = "w-000000", Line = 1, VectorChecksum = checksum, MatrixRows = size, MatrixColumns = size };
        for (var vector = 0; vector < 2; vector++)
        {
            var values = Enumerable.Range(0, size).Select(_ => random.Next()).ToArray();
            var squares = 0.0;
            foreach (var value in values)
                squares += value * value;

            item.Vectors.AddRange(values.Select(value => value / Math.Sqrt(squares)));
        }

        var rows = Enumerable.Range(0, size).Select(_ => Enumerable.Range(0, size).Select(_ => random.Next()).ToArray()).ToArray();
        item.Matrix.AddRange(Enumerable.Range(0, size).SelectMany(column => rows.Select(row => row[column])));
        return item;
    }
}
