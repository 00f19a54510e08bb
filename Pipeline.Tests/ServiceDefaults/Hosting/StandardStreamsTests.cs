using System.Text;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.Tests.ServiceDefaults.Hosting;

public sealed class StandardStreamsTests
{
    [Fact]
    public void Writer_StreamIsClosedAndTextMayBeDropped_Drops()
    {
        using var writer = new StandardStreams.Writer(new Closed(), failure: null);
        writer.WriteLine("text");
        writer.Write('c');
        writer.Write("span".AsSpan());
        writer.Flush();
    }

    [Fact]
    public void Writer_StreamIsClosedAndTextMatters_Throws()
    {
        using var writer = new StandardStreams.Writer(new Closed(), "closed?");
        Assert.Equal("closed?", Assert.Throws<IOException>(() => writer.WriteLine("text")).Message);
        Assert.Throws<IOException>(() => writer.Write("span".AsSpan()));
    }

    [Fact]
    public void Writer_StreamIsOpen_WritesAll()
    {
        using var text = new StringWriter();
        using var writer = new StandardStreams.Writer(text, failure: null);
        writer.WriteLine("line");
        writer.Write('c');
        writer.Write("span".AsSpan());
        Assert.Equal($"line{Environment.NewLine}cspan", text.ToString());
    }

    // As .NET's stream of a closed descriptor answers.
    private sealed class Closed : TextWriter
    {
        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => throw new UnauthorizedAccessException("Access to the path is denied.");
    }
}
