using System.Buffers;
using Pipeline.Contracts;

namespace Pipeline.Stages.Sink.Lines;

/// <summary>
/// Lines of rejects whose line numbers are raised, block by block: a line may be longer than a block. Each begins with its number, as
/// <see cref="ResultLines"/> writes it.
/// </summary>
/// <param name="linesBefore">What numbers are raised by.</param>
internal sealed class RenumberedRejects(long linesBefore)
{
    private readonly ArrayBufferWriter<byte> _output = new();
    private int _matched;
    private long _line;
    private bool _isBehindNumber;

    private static ReadOnlySpan<byte> Start => "{\"line\":"u8;

    /// <summary>What becomes of the next block; valid until the next call.</summary>
    public ReadOnlySpan<byte> Next(ReadOnlySpan<byte> block)
    {
        _output.ResetWrittenCount();
        while (block.Length > 0)
            block = _isBehindNumber ? TakeRest(block) : TakeNumber(block);

        return _output.WrittenSpan;
    }

    private ReadOnlySpan<byte> TakeRest(ReadOnlySpan<byte> block)
    {
        var end = block.IndexOf((byte)'\n');
        var length = end < 0 ? block.Length : end + 1;
        _output.Write(block[..length]);
        _isBehindNumber = end < 0;
        return block[length..];
    }

    private ReadOnlySpan<byte> TakeNumber(ReadOnlySpan<byte> block)
    {
        var next = block[0];
        if (_matched < Start.Length)
        {
            if (next != Start[_matched++])
                throw new StageException(FailureReasons.Internal, "A rejects file has a line that does not begin with its number.");
        }
        else if (char.IsAsciiDigit((char)next))
        {
            _line = checked((_line * 10) + (next - '0'));
        }
        else
        {
            _output.Write(Start);
            JsonText.WriteNumber(_output, checked(_line + linesBefore));
            (_matched, _line, _isBehindNumber) = (0, 0, true);
            return block;
        }

        return block[1..];
    }
}
