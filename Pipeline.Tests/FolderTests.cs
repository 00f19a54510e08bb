namespace Pipeline.Tests;

/// <summary>Tests with a temporary folder each.</summary>
public abstract class FolderTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private protected string Folder => _folder.Path;

    public virtual void Dispose()
    {
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected string InFolder(string name) => Path.Join(Folder, name);

    /// <returns>The path of the file.</returns>
    private protected string Write(string name, string content = "") => _folder.Write(name, content);

    private protected string Write(string name, byte[] content) => _folder.Write(name, content);
}
