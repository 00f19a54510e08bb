using Pipeline.Cli;

namespace Pipeline.Tests.Cli;

public sealed class TerminalTests
{
    private static readonly string[][] Rows = [["role", "in/s", "memory", "note"], ["parse", "1.00 k", "unknown", ""], ["ingest", "12", "3", "a note"]];

    [Theory]
    [InlineData(int.MaxValue, "role      in/s   memory  note", "parse   1.00 k  unknown", "ingest      12        3  a note")]
    [InlineData(31, "role      in/s   memory  note", "parse   1.00 k  unknown", "ingest      12        3  a note")]
    [InlineData(30, "role      in/s  note", "parse   1.00 k", "ingest      12  a note")]
    [InlineData(10, "role    note", "parse", "ingest  a note")]
    public void Table_LinesAreTooLong_LeavesColumnsOut(int width, params string[] lines) =>
        Assert.Equal(lines, Terminal.Table(Rows, width, "memory", "in/s"));
}
