using System.IO.Compression;
using System.Text;
using Pipeline.Files;

namespace Pipeline.Tests.Stages.Ingest;

/// <summary>A temporary folder for one test, deleted at its end; links resolved, since macOS has one on the way to it.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = RootedPath.Resolve(Directory.CreateTempSubdirectory("pipeline-ends-").FullName);

    public string Write(string name, byte[] content)
    {
        var path = System.IO.Path.Join(Path, name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        return path;
    }

    public string Write(string name, string content) => Write(name, Encoding.UTF8.GetBytes(content));

    public static byte[] Gzip(params byte[][] members)
    {
        var compressed = new MemoryStream();
        foreach (var member in members)
        {
            using var stream = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true);
            stream.Write(member);
        }

        return compressed.ToArray();
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
