using System.Text;
using CsCheck;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Parse.Lines;

namespace Pipeline.Tests.Stages.Parse.Lines;

public sealed class LineReaderTests
{
    [Fact]
    public void LineReader_BufferFilledToAnyDegree_ReadsEveryLineWithEndAndPadding() =>
        Gen.Select(Gen.Int[0, 5].Select(kind => "a\n\r7x"[Math.Min(kind, 4)]).Array[0, 300], Gen.Int[0, 200], Gen.Int[0, 200]).Sample((text, before, behind) =>
        {
            var bytes = Array.ConvertAll(text, c => (byte)c);

            // The pool gives out powers of two: the data ends at most `behind` bytes before the array does.
            var buffer = SharedBuffer.Rent(before + bytes.Length + behind);
            var start = Math.Max(0, buffer.Array.Length - bytes.Length - behind);
            bytes.CopyTo(buffer.Array, start);
            using var frame = new LineFrame(buffer, start, bytes.Length) { FirstLine = 5, FirstOffset = 1000 };

            var expected = Lines(bytes).ToList();
            return expected.SequenceEqual(Read(frame));
        });

    private static IEnumerable<(string Line, long Number, long Offset)> Lines(byte[] bytes)
    {
        var number = 5L;
        for (var at = 0; at < bytes.Length; number++)
        {
            var end = Array.IndexOf(bytes, (byte)'\n', at);
            end = end < 0 ? bytes.Length : end;
            yield return (Encoding.ASCII.GetString(bytes, at, end > at && bytes[end - 1] == '\r' ? end - at - 1 : end - at), number, 1000 + at);
            at = end + 1;
        }
    }

    private static List<(string Line, long Number, long Offset)> Read(LineFrame frame)
    {
        var reader = new LineReader();
        reader.Begin(frame);
        var lines = new List<(string, long, long)>();
        do
        {
            Assert.True(reader.At == reader.End || reader.Bytes[reader.End - 1] == '\n');
            Assert.True(reader.At == reader.End || reader.End + LineReader.Padding <= reader.Bytes.Length);
            while (reader.At < reader.End)
            {
                var line = Encoding.ASCII.GetString(reader.Peek(out var next));
                lines.Add((line, reader.Number, reader.Offset));
                reader.Advance(1, next);
            }
        }
        while (reader.MoveNext());
        return lines;
    }
}
