namespace Pipeline.Cli.Generator;

/// <summary>Writes the lines that <see cref="GeneratorOptions"/> describe.</summary>
internal static class LineGenerator
{
    /// <summary>Lines between two looks at the cancellation token and two reports.</summary>
    private const int Stride = 16_384;

    /// <summary>Writes all lines to <paramref name="stream"/>.</summary>
    /// <param name="options">Valid options.</param>
    /// <param name="stream">Where to; neither flushed nor closed.</param>
    /// <param name="progress">Told the lines written so far, now and then.</param>
    /// <param name="cancellationToken">Stops between two lines.</param>
    public static void Write(GeneratorOptions options, Stream stream, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var random = new Mulberry32(options.Seed);
        var events = new EventWriter(options);
        var items = new WorkItemWriter(options.Payload);
        var longest = Math.Max(events.LongestLine, items.LongestLine);
        var buffer = new Utf8LineBuffer(stream);
        for (long index = 0; index < options.Count; index++)
        {
            if (index % Stride == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                progress?.Report(index);
            }

            buffer.Reserve(longest);
            if (IsWorkItem(options, ref random))
                items.Write(buffer, ref random, index);
            else
                events.Write(buffer, ref random, index);
        }

        buffer.Flush();
        progress?.Report(options.Count);
    }

    private static bool IsWorkItem(GeneratorOptions options, ref Mulberry32 random) => options.Workload switch
    {
        Workload.Events => false,
        Workload.WorkItems => true,
        _ => random.Next() < options.WorkRatio,
    };
}

/// <summary>The mulberry32 generator by Tommy Ettinger: 32 bits of state, the same sequence in every language.</summary>
/// <param name="seed">Taken modulo 2^32.</param>
internal struct Mulberry32(long seed)
{
    private uint _state = unchecked((uint)seed);

    /// <summary>The next number in [0, 1): a multiple of 2^-32.</summary>
    public double Next()
    {
        unchecked
        {
            _state += 0x6D2B79F5;
            var t = (_state ^ (_state >> 15)) * (_state | 1);
            t ^= t + ((t ^ (t >> 7)) * (t | 61));
            return (t ^ (t >> 14)) * (1.0 / 4294967296.0);
        }
    }

    /// <summary>The next number as an integer in [0, <paramref name="count"/>).</summary>
    public long NextBelow(long count) => (long)(Next() * count);
}
