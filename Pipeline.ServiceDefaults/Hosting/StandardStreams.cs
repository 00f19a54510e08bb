using System.Text;

namespace Pipeline.ServiceDefaults.Hosting;

/// <summary>Standard output and error of a program that a person starts, who may have closed either.</summary>
public static class StandardStreams
{
    /// <summary>
    /// From now on what cannot be written to standard error is dropped: a program that has done its work must not fail for want of somebody to
    /// tell it to.
    /// </summary>
    /// <param name="outputMatters">Whether what cannot be written to standard output is an error that says so; otherwise it is dropped, too.</param>
    public static void Guard(bool outputMatters)
    {
        Console.SetError(new Writer(Console.Error, failure: null));
        Console.SetOut(new Writer(Console.Out, outputMatters ? "standard output cannot be written to; is it closed?" : null));
    }

    private sealed class Writer(TextWriter inner, string? failure) : TextWriter
    {
        public override Encoding Encoding => inner.Encoding;

        public override void Write(char value) => Try(() => inner.Write(value));

        public override void Write(string? value) => Try(() => inner.Write(value));

        public override void Write(char[] buffer, int index, int count) => Try(() => inner.Write(buffer, index, count));

        public override void Write(ReadOnlySpan<char> buffer) => Write(buffer.ToString());

        public override void WriteLine(string? value) => Write(value + NewLine);

        public override void Flush() => Try(inner.Flush);

        private void Try(Action write)
        {
            try
            {
                write();
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or ObjectDisposedException)
            {
                if (failure is not null)
                    throw new IOException(failure, error);
            }
        }
    }
}
