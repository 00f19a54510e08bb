namespace Pipeline.Tests.Stages.Ingest;

/// <summary>How Ingest treats a line.</summary>
internal enum LineFate
{
    Kept,
    Blank,
    TooLong,
}

/// <summary>A line: its number from 1, its offset, and its bytes without the line end.</summary>
internal sealed record CutLine(LineFate Fate, string File, long Line, long Offset, string Content)
{
    /// <summary>Without the offset of a blank line, which depends on where batches end, as that decides which gaps are merged.</summary>
    public CutLine Plain => Fate == LineFate.Blank ? this with { Offset = -1 } : this;
}

/// <summary>Cuts a file into lines byte by byte: the reference that Ingest is compared with.</summary>
internal static class NaiveCutter
{
    public static List<CutLine> Cut(byte[] data, int maxLineBytes, string file = "")
    {
        var lines = new List<CutLine>();
        var start = data is [0xEF, 0xBB, 0xBF, ..] ? 3 : 0;
        while (start < data.Length)
        {
            var end = start;
            while (end < data.Length && data[end] != '\n')
                end++;

            var contentEnd = end < data.Length && end > start && data[end - 1] == '\r' ? end - 1 : end;
            var content = data[start..contentEnd];
            var fate = content.Length > maxLineBytes ? LineFate.TooLong
                : content.All(b => b is (byte)' ' or (byte)'\t' or (byte)'\r') ? LineFate.Blank
                : LineFate.Kept;
            var shown = fate switch
            {
                LineFate.Kept => content,
                LineFate.Blank => [],
                _ => content[..Math.Min(1024, content.Length)],
            };
            lines.Add(new CutLine(fate, file, lines.Count + 1, start, Convert.ToHexString(shown)));
            start = end + 1;
        }

        return lines;
    }
}
