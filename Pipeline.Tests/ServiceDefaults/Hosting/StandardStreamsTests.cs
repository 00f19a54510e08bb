using System.Diagnostics;
using System.Globalization;
using System.IO.Pipes;
using System.Text;
using Microsoft.Win32.SafeHandles;
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

    [UnixFact]
    public void OpenPipe_NobodyReadsAnyMore_Throws()
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        using var reader = new AnonymousPipeClientStream(PipeDirection.In, pipe.ClientSafePipeHandle);
        using var handle = new SafeFileHandle(pipe.SafePipeHandle.DangerousGetHandle(), ownsHandle: false);
        using var output = StandardStreams.OpenPipe(handle)!;

        output.Write("text"u8);
        Assert.Equal('t', reader.ReadByte());
        reader.Dispose();

        var error = Assert.Throws<IOException>(() => output.Write("text"u8));
        Assert.True(StandardStreams.IsUnread(new IOException("said in plain words", error)));
        Assert.False(StandardStreams.IsUnread(new IOException("said in plain words", new IOException("No space left"))));
    }

    // A longer piece may be written in part, and would then be written again as a whole.
    [UnixFact]
    public async Task PipeBuffer_IsNotLongerThanTheSystems()
    {
        var (_, told, _) = await Programs.RunAsync(new ProcessStartInfo("getconf", ["PIPE_BUF", "/"]));

        Assert.InRange(StandardStreams.PipeBuffer, 512, int.Parse(told, CultureInfo.InvariantCulture));
    }

    [UnixFact]
    public void OpenPipe_File_IsNone()
    {
        var path = Path.GetTempFileName();
        try
        {
            using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
            Assert.Null(StandardStreams.OpenPipe(handle));
        }
        finally
        {
            File.Delete(path);
        }
    }

    // As .NET's stream of a closed descriptor answers.
    private sealed class Closed : TextWriter
    {
        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => throw new UnauthorizedAccessException("Access to the path is denied.");
    }
}
