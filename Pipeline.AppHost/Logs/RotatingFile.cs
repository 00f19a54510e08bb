using Pipeline.Files;

namespace Pipeline.AppHost.Logs;

/// <summary>
/// A log file that is moved aside when it is full, and when a new start begins it: two files at most. Only its owner may read it.
/// </summary>
internal sealed class RotatingFile(string path) : IAsyncDisposable
{
    /// <summary>Bytes.</summary>
    internal const long MaxLength = 10 * 1024 * 1024;

    private StreamWriter? _writer;
    private long _fullLength;

    /// <summary>Writes lines; the first time, and where it was full or could not be opened before, it is opened.</summary>
    public async Task WriteAsync(IEnumerable<string> lines)
    {
        _writer ??= Open();
        foreach (var line in lines)
            await _writer.WriteLineAsync(line);
        await _writer.FlushAsync();
        if (_writer.BaseStream.Length >= _fullLength)
            await DisposeAsync();
    }

    public ValueTask DisposeAsync()
    {
        var writer = _writer;
        _writer = null;
        return writer?.DisposeAsync() ?? ValueTask.CompletedTask;
    }

    private StreamWriter Open()
    {
        var folder = Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (!OperatingSystem.IsWindows())
            folder.UnixFileMode = PrivateFile.Mode | UnixFileMode.UserExecute;
        try
        {
            if (File.Exists(path))
                DurableFiles.Private.Rename(path, path + ".1", "log");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Such as on Windows where somebody follows it: it goes on growing, and is moved aside when it is full again.
        }

        var writer = new StreamWriter(PrivateFile.OpenWrite(path, FileMode.Append));
        _fullLength = writer.BaseStream.Length + MaxLength;
        return writer;
    }
}
