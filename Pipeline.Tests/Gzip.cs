using System.IO.Compression;

namespace Pipeline.Tests;

/// <summary>Content of compressed files.</summary>
internal static class Gzip
{
    public static byte[] Compress(params byte[][] members)
    {
        var compressed = new MemoryStream();
        foreach (var member in members)
        {
            using var stream = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true);
            stream.Write(member);
        }

        return compressed.ToArray();
    }

    public static byte[] Read(string path)
    {
        using var file = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
        using var content = new MemoryStream();
        file.CopyTo(content);
        return content.ToArray();
    }
}
