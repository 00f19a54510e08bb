using System.Buffers;
using System.Text.Json;

namespace Pipeline.Cli.Generator;

/// <summary>Writes the lines that <see cref="GeneratorOptions"/> describe.</summary>
internal static class LineGenerator
{
    /// <summary>Lines between two looks at the cancellation token and two reports.</summary>
    private const int Stride = 16_384;

    /// <summary>Bytes handed to the stream at once, or a little more.</summary>
    private const int WriteBytes = 1 << 20;

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
        var lines = new ArrayBufferWriter<byte>(2 * WriteBytes);
        using var json = new Utf8JsonWriter(lines, new JsonWriterOptions { SkipValidation = true });
        for (long index = 0; index < options.Count; index++)
        {
            if (index % Stride == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                progress?.Report(index);
            }

            if (IsWorkItem(options, ref random))
                items.Write(json, ref random, index);
            else
                events.Write(json, ref random, index);
            json.Flush();
            json.Reset();
            lines.Write("\n"u8);
            if (lines.WrittenCount < WriteBytes)
                continue;
            stream.Write(lines.WrittenSpan);
            lines.ResetWrittenCount();
        }

        stream.Write(lines.WrittenSpan);
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
