using Microsoft.Win32.SafeHandles;

namespace Pipeline.Files;

/// <summary>A file of <see cref="DurableFiles"/>.</summary>
internal sealed class DurableFile(FileStream stream, string role) : IDurableFile
{
    private readonly SafeFileHandle _handle = stream.SafeFileHandle;
    private long _length;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        CrashPoints.Before(role, "append");
        RandomAccess.Write(_handle, bytes, _length);
        _length += bytes.Length;
        CrashPoints.After(role, "append");
    }

    public void Flush()
    {
        CrashPoints.Before(role, "flush");
        RandomAccess.FlushToDisk(_handle);
        CrashPoints.After(role, "flush");
    }

    public void Dispose() => stream.Dispose();
}
