namespace Pipeline.Stages.Aggregate.Groups;

/// <summary>Rows of values of one width, in chunks: it grows without a copy, and without memory for twice as many.</summary>
/// <param name="width">Values in a row, from 1.</param>
internal sealed class Rows<T>(int width)
{
    private const int ChunkBits = 12;
    private const int ChunkRows = 1 << ChunkBits;

    private readonly List<T[]> _chunks = [];

    /// <summary>Number of rows.</summary>
    public int Count { get; private set; }

    /// <summary>A row.</summary>
    public Span<T> this[int row] => _chunks[row >> ChunkBits].AsSpan((row & (ChunkRows - 1)) * width, width);

    /// <summary>Adds rows of default values, up to a number.</summary>
    public void GrowTo(int count)
    {
        for (Count = Math.Max(Count, count); _chunks.Count << ChunkBits < Count;)
            _chunks.Add(new T[ChunkRows * width]);
    }
}
