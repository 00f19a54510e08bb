using Microsoft.Win32.SafeHandles;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Files;

namespace Pipeline.Stages.Ingest.Input;

/// <summary>A file of the input as stored, or a part of it; read no further than its length at the run's start.</summary>
internal sealed class StoredFile : IByteSource
{
    private readonly SafeFileHandle _handle;
    private readonly InputFile _expected;
    private readonly string _path;
    private readonly long _end;
    private long _offset;

    private StoredFile(SafeFileHandle handle, InputFile expected, string path, long first, long end) =>
        (_handle, _expected, _path, _offset, _end) = (handle, expected, path, first, end);

    /// <summary>Opens it and sees that it is what it was at the run's start.</summary>
    /// <param name="path">Links resolved.</param>
    /// <param name="expected">What it was.</param>
    /// <param name="end">Where reading ends.</param>
    /// <param name="first">Where reading begins.</param>
    /// <exception cref="StageException">It is not, or cannot be read.</exception>
    public static StoredFile Open(string path, InputFile expected, long end, long first = 0)
    {
        if (FileStatus.Of(path)?.Special is { } kind)
            throw new StageException(FailureReasons.InputChanged, $"'{path}' was a file when the run started and is {kind} now.");

        SafeFileHandle handle;
        try
        {
            handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.SequentialScan);
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new StageException(FailureReasons.InputChanged, $"'{path}' is gone since the run started.", inner: failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StageException(FailureReasons.InputUnreadable, $"'{path}' cannot be read: {failure.Message}", inner: failure);
        }

        var file = new StoredFile(handle, expected, path, first, end);
        try
        {
            file.RequireUnchanged();
            if (RandomAccess.GetLength(handle) > expected.Length && InputCatalog.IsOther(InputCatalog.IdOf(FileStatus.Of(path)), expected))
                throw file.Changed("another file has taken its place");

            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Bytes from an offset on, without moving the position; fewer at the end of the file.</summary>
    public int Peek(Span<byte> buffer, long offset) => ReadAt(buffer[..(int)Math.Min(buffer.Length, _expected.Length - offset)], offset);

    public int Read(Span<byte> buffer)
    {
        var wanted = (int)Math.Min(buffer.Length, _end - _offset);
        if (wanted == 0)
            return 0;

        var read = ReadAt(buffer[..wanted], _offset);
        _offset += read;
        return read > 0 ? read : throw Changed($"it ended after {_offset} of {_end} bytes");
    }

    /// <summary>
    /// Fails where it was written to, unless it only grew: then what the run reads of it is taken to be what it was, and the hash
    /// of the prefix guards what was read before a restart.
    /// </summary>
    public void RequireUnchanged()
    {
        var length = RandomAccess.GetLength(_handle);
        if (length < _expected.Length)
            throw Changed($"it had {_expected.Length} bytes and has {length}");

        if (length == _expected.Length && InputCatalog.Micros(File.GetLastWriteTimeUtc(_handle)) != _expected.ModifiedMicros)
            throw Changed("it was written to");
    }

    public void Dispose() => _handle.Dispose();

    private int ReadAt(Span<byte> buffer, long offset)
    {
        try
        {
            return RandomAccess.Read(_handle, buffer, offset);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StageException(FailureReasons.InputUnreadable, $"'{_path}' cannot be read at byte {offset}: {failure.Message}", inner: failure);
        }
    }

    private StageException Changed(string how) =>
        new(FailureReasons.InputChanged, $"'{_path}' is not what it was when the run started: {how}. Start a new run.");
}
