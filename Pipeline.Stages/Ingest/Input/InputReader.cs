using System.Buffers;
using System.IO.Hashing;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Files;
using Pipeline.Stages.Core.Metrics;

namespace Pipeline.Stages.Ingest.Input;

/// <summary>One file of the input, decompressed, standing at a position whose prefix is verified.</summary>
internal sealed class InputReader : IByteSource
{
    private const int BlockBytes = 256 * 1024;
    private readonly StoredFile _file;
    private readonly IByteSource _source;
    private readonly string _path;
    private readonly long _first;

    private InputReader(StoredFile file, IByteSource source, string path, long first) => (_file, _source, _path, _first) = (file, source, path, first);

    /// <summary>Whether its bytes are not those that are stored.</summary>
    public bool IsCompressed => _source != _file;

    /// <summary>Hash of all bytes before the position, from where reading began; reading on adds to it.</summary>
    public XxHash3 Hash { get; } = new();

    /// <summary>Opens a file at its beginning, or where the part to read begins.</summary>
    /// <param name="path">Links resolved.</param>
    /// <param name="expected">What it was at the run's start.</param>
    /// <param name="first">Bytes before the part to read; 0 where the file is compressed.</param>
    /// <param name="end">Where that part ends, in the file as stored.</param>
    public static InputReader Open(string path, InputFile expected, long first, long end)
    {
        var file = StoredFile.Open(path, expected, end, first);
        try
        {
            Span<byte> start = stackalloc byte[2];
            var isGzip = GzipInput.Is(path, start[..file.Peek(start, 0)]);
            return new InputReader(file, isGzip ? new GzipSource(file, path) : file, path, first);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads up to a position again, and sees that it holds what it held.</summary>
    /// <param name="offset">Bytes of the file before the position.</param>
    /// <param name="prefixHash">Hash of those that were read; 0 where there are none.</param>
    /// <param name="meter">Counts what is read.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    /// <exception cref="StageException">It does not.</exception>
    public void Advance(long offset, ulong prefixHash, StageMeter meter, CancellationToken cancellationToken)
    {
        var bytes = offset - _first;
        if (Skip(bytes, meter, cancellationToken) < bytes)
            throw Changed($"it ends before byte {offset}");

        if (bytes > 0 && Hash.GetCurrentHashAsUInt64() != prefixHash)
            throw Changed($"its bytes from {_first} to {offset} have another hash");
    }

    /// <summary>Reads all of it again, and sees that it holds what it held.</summary>
    /// <param name="wholeHash">Hash of all bytes; 0 where there are none.</param>
    /// <param name="meter">Counts what is read.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    /// <exception cref="StageException">It does not.</exception>
    public void AdvanceToEnd(ulong wholeHash, StageMeter meter, CancellationToken cancellationToken)
    {
        var read = Skip(long.MaxValue, meter, cancellationToken);
        if ((read == 0 ? 0 : Hash.GetCurrentHashAsUInt64()) != wholeHash)
            throw Changed($"its {read} bytes have another hash");
    }

    public int Read(Span<byte> buffer) => _source.Read(buffer);

    /// <summary>Fails where the file was written to since the run's start.</summary>
    public void RequireUnchanged() => _file.RequireUnchanged();

    public void Dispose() => _source.Dispose();

    private long Skip(long bytes, StageMeter meter, CancellationToken cancellationToken)
    {
        var block = ArrayPool<byte>.Shared.Rent(BlockBytes);
        try
        {
            long skipped = 0;
            while (skipped < bytes)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var read = _source.Read(block.AsSpan(0, (int)Math.Min(BlockBytes, bytes - skipped)));
                if (read == 0)
                    break;

                Hash.Append(block.AsSpan(0, read));
                skipped += read;
                meter.FileBytesRead += read;
            }

            return skipped;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    private StageException Changed(string how) =>
        new(FailureReasons.InputChanged, $"'{_path}' is not what it was when the run started: {how}. Start a new run.");
}

/// <summary>Uncompressed bytes of one file, in order.</summary>
internal interface IByteSource : IDisposable
{
    /// <summary>Reads at least one byte, unless at the end.</summary>
    /// <returns>Bytes read; 0 = the end.</returns>
    int Read(Span<byte> buffer);
}
