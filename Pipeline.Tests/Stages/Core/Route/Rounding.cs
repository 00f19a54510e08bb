using Pipeline.Contracts.V1;

namespace Pipeline.Tests.Stages.Core.Route;

/// <summary>What protobuf.js does with <c>longs: Number</c>: decoding and encoding again rounds 64-bit numbers to doubles.</summary>
internal static class Rounding
{
    /// <summary>A position whose hash cannot be represented as a double.</summary>
    public static Position Large => new() { TotalLines = 1, Files = { File } };

    /// <summary>A file whose hash cannot be represented as a double.</summary>
    public static InputFile File => new() { Path = "in.ndjson", PrefixHash = 0xFEDC_BA98_7654_3211 };

    /// <summary>A position decoded, rounded and encoded again, with the checksum unchanged.</summary>
    public static Opaque Of(Opaque position)
    {
        var rounded = Position.Parser.ParseFrom(position.Content);
        foreach (var file in rounded.Files)
            file.PrefixHash = (ulong)(double)file.PrefixHash;

        return new Opaque { Content = Opaque.Of(rounded).Content, Crc32 = position.Crc32 };
    }
}
