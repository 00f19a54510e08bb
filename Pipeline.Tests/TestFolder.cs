using System.Text;
using Pipeline.Files;

namespace Pipeline.Tests;

/// <summary>A temporary folder for one test, deleted at its end; links resolved, since macOS has one on the way to it.</summary>
internal sealed class TestFolder : IDisposable
{
    public string Path { get; } = RootedPath.Resolve(Directory.CreateTempSubdirectory("pipeline-tests-").FullName);

    public string Write(string name, byte[] content)
    {
        var path = System.IO.Path.Join(Path, name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        return path;
    }

    public string Write(string name, string content) => Write(name, Encoding.UTF8.GetBytes(content));

    /// <summary>Changes one bit of a file.</summary>
    public static void Damage(string path)
    {
        var bytes = File.ReadAllBytes(path);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(path, bytes);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
