using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using Pipeline.Contracts;
using Pipeline.Files;

namespace Pipeline.Stages.Ingest.Input;

/// <summary>
/// A gzip file (RFC 1952) of any number of members. .NET's GZipStream takes a file that is cut off for one that ends there
/// (unless System.IO.Compression.UseStrictValidation is on), and what stands behind its last member for nothing; so headers and trailers are read
/// here, each kind of damage is told apart, and only the deflate data in between is left to .NET.
/// </summary>
/// <remarks>
/// DeflateStream does not tell how much of the last bytes it was given it used. But the trailer that must follow is known by then
/// (CRC-32 and length of what came out), so it is looked for in those bytes; not finding it is the error that has to be found.
/// </remarks>
internal sealed class GzipSource : IByteSource
{
    private const int TrailerBytes = 8;
    private const int FixedHeaderBytes = 10;
    private const byte Method = 8;
    private const string BytesAfterEnd = "something that is no gzip data stands after its end";
    private readonly StoredFile _file;
    private readonly string _path;
    private readonly byte[] _input = new byte[64 * 1024];
    private readonly Crc32 _crc = new();
    private int _position;
    private int _end;
    private int _handedFrom;
    private int _handedTo;
    private DeflateStream? _member;
    private uint _memberLength;
    private bool _ranDry;
    private bool _ended;

    /// <summary>Takes over the file.</summary>
    public GzipSource(StoredFile file, string path)
    {
        (_file, _path) = (file, path);
        BeginMember();
    }

    public int Read(Span<byte> buffer)
    {
        while (!_ended && buffer.Length > 0)
        {
            int read;
            try
            {
                read = _member!.Read(buffer);
            }
            catch (Exception failure) when (failure is InvalidDataException or IOException)
            {
                throw Corrupt("its data is damaged", failure);
            }

            if (read > 0)
            {
                _crc.Append(buffer[..read]);
                _memberLength += (uint)read;
                return read;
            }

            EndMember();
        }

        return 0;
    }

    public void Dispose()
    {
        _member?.Dispose();
        _file.Dispose();
    }

    private void BeginMember()
    {
        Require(FixedHeaderBytes);
        var header = _input.AsSpan(_position, FixedHeaderBytes);
        if (!GzipInput.HasMagic(header) || header[2] != Method || (header[3] & 0xE0) != 0)
            throw Corrupt("it is no gzip file");

        var flags = header[3];
        _position += FixedHeaderBytes;
        if ((flags & 4) != 0)
        {
            Require(2);
            var extra = BinaryPrimitives.ReadUInt16LittleEndian(_input.AsSpan(_position));
            _position += 2;
            for (var index = 0; index < extra; index++)
                NextByte();
        }

        for (var texts = ((flags >> 3) & 1) + ((flags >> 4) & 1); texts > 0; texts--)
        {
            while (NextByte() != 0)
            {
            }
        }

        if ((flags & 2) != 0)
        {
            Require(2);
            _position += 2;
        }

        _crc.Reset();
        _memberLength = 0;
        _ranDry = false;
        _handedFrom = _handedTo = _position;
        _member?.Dispose();
        _member = new DeflateStream(new MemberData(this), CompressionMode.Decompress);
    }

    private void EndMember()
    {
        if (_ranDry)
            throw Corrupt("it is cut off");

        _position = _handedFrom;
        Span<byte> trailer = stackalloc byte[TrailerBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(trailer, _crc.GetCurrentHashAsUInt32());
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[4..], _memberLength);

        // The whole of what was handed out last is still there; what may lie behind it must be, too.
        var handed = _handedTo - _handedFrom;
        var found = false;
        Gather(handed + TrailerBytes + FixedHeaderBytes);
        for (var skipped = 0; skipped <= handed; skipped++)
        {
            var at = _input.AsSpan(_position + skipped, _end - _position - skipped).IndexOf(trailer);
            if (at < 0 || skipped + at > handed)
                break;

            found = true;
            skipped += at;
            if (TryGoOn(_position + skipped + TrailerBytes))
                return;
        }

        throw Corrupt(found ? BytesAfterEnd : "it is cut off or damaged: the checksum after its data is not there");
    }

    /// <summary>After a trailer stands the end, or zeros and then the end (as tapes leave them), or another member.</summary>
    private bool TryGoOn(int position)
    {
        var rest = _input.AsSpan(position, _end - position);
        if (rest.Length >= 3 && GzipInput.HasMagic(rest) && rest[2] == Method)
        {
            _position = position;
            BeginMember();
            return true;
        }

        if (rest.ContainsAnyExcept((byte)0))
            return false;

        while (_file.Read(_input) is var read and > 0)
        {
            if (_input.AsSpan(0, read).ContainsAnyExcept((byte)0))
                throw Corrupt(BytesAfterEnd);
        }

        _ended = true;
        return true;
    }

    private int HandOut(Span<byte> buffer)
    {
        if (_position == _end)
            (_position, _end) = (0, _file.Read(_input));

        var count = Math.Min(buffer.Length, _end - _position);
        _input.AsSpan(_position, count).CopyTo(buffer);
        _handedFrom = _position;
        _position += count;
        _handedTo = _position;
        _ranDry |= count == 0 && buffer.Length > 0;
        return count;
    }

    private byte NextByte()
    {
        Require(1);
        return _input[_position++];
    }

    private void Require(int bytes)
    {
        if (!Gather(bytes))
            throw Corrupt("it is cut off");
    }

    /// <summary>Reads on until that many bytes lie behind the position, or the file ends.</summary>
    private bool Gather(int bytes)
    {
        if (_end - _position < bytes && _input.Length - _position < bytes)
        {
            _input.AsSpan(_position, _end - _position).CopyTo(_input);
            (_position, _end) = (0, _end - _position);
        }

        while (_end - _position < bytes)
        {
            var read = _file.Read(_input.AsSpan(_end));
            if (read == 0)
                return false;

            _end += read;
        }

        return true;
    }

    private StageException Corrupt(string how, Exception? inner = null) =>
        new(FailureReasons.InputCorrupt, $"'{_path}' cannot be decompressed: {how}.", inner: inner);

    private sealed class MemberData(GzipSource source) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(Span<byte> buffer) => source.HandOut(buffer);

        public override int Read(byte[] buffer, int offset, int count) => source.HandOut(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
