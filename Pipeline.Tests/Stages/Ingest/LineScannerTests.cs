using CsCheck;
using Pipeline.Stages.Ingest.Cutting;

namespace Pipeline.Tests.Stages.Ingest;

public sealed class LineScannerTests
{
    private const int ChunkBytes = 64;

    // Line ends, bytes that may begin a blank line, the byte just above a space, and bytes that are negative as signed values.
    private static readonly byte[] Values = [0, 9, 10, 13, 32, 33, 0x61, 0x7F, 0x80, 0xFF];

    private static readonly Gen<byte> Bytes = Gen.Int[0, Values.Length - 1].Select(index => Values[index]);

    [Fact]
    public void Scan_AnyLines_IsTheSameWithVectorsAndByteByByte() =>
        Gen.Select(Bytes.Array[1, 300], Gen.Int[1, 40]).Sample((data, limit) =>
        {
            // As Scan requires.
            data[0] = (byte)'{';
            var taken = LineScanner.Scan(data, limit, withVectors: true, out var lines);
            var plain = LineScanner.Scan(data, limit, withVectors: false, out var plainLines);
            Assert.Equal((plain, plainLines), (taken, lines));
        });

    [Fact]
    public void Look_AnyChunk_IsTheSameAtEachWidth() =>
        Bytes.Array[ChunkBytes].Sample(data =>
        {
            var (ends, low) = (0UL, 0UL);
            for (var at = 0; at < ChunkBytes; at++)
            {
                ends |= (data[at] == '\n' ? 1UL : 0) << at;
                low |= (data[at] <= ' ' ? 1UL : 0) << at;
            }

            ref var origin = ref data[0];
            Assert.Equal((ends, low), LineScanner.Look128(ref origin, 0));
            Assert.Equal((ends, low), LineScanner.Look256(ref origin, 0));
            Assert.Equal((ends, low), LineScanner.Look512(ref origin, 0));
        });
}
