using Pipeline.LocalHost.Processes;

namespace Pipeline.Tests.LocalHost.Processes;

public class OutputReaderTests
{
    [Theory]
    [InlineData("", new string[0])]
    [InlineData("a", new[] { "a" })]
    [InlineData("a\nb\r\n\nc", new[] { "a", "b", "", "c" })]
    public async Task Cuts_lines(string text, string[] expected)
    {
        List<string> lines = [];
        await OutputReader.ReadAsync(new StringReader(text), lines.Add);

        Assert.Equal(expected, lines);
    }

    [Fact]
    public async Task Cuts_lines_without_end_into_pieces()
    {
        var text = string.Concat(Enumerable.Range(0, 100_000).Select(i => (char)('a' + (i % 26))));
        List<string> pieces = [];
        await OutputReader.ReadAsync(new StringReader(text + "\nnext\n"), pieces.Add);

        Assert.Equal(text, string.Concat(pieces.SkipLast(1)));
        Assert.Equal("next", pieces[^1]);
        Assert.All(pieces, piece => Assert.InRange(piece.Length, 1, 16 * 1024));
    }
}
