using System.Text;

namespace Pipeline.ServiceDefaults.Hosting;

/// <summary>Guards against a standard output or standard error that the caller has closed.</summary>
public static class StandardStreams
{
    /// <summary>The error where standard output is closed.</summary>
    public const string OutputIsClosed = "standard output cannot be written to; is it closed?";

    /// <summary>Drops what cannot be written to standard error: a program that has done its work must not fail because of a message.</summary>
    /// <param name="outputMatters">
    /// True: what cannot be written to standard output is an <see cref="IOException"/> that says so. False: it is dropped, too.
    /// </param>
    public static void Guard(bool outputMatters)
    {
        Console.SetError(new Writer(Console.Error, failure: null));
        Console.SetOut(new Writer(Console.Out, outputMatters ? OutputIsClosed : null));
    }

    /// <summary>Writes to another writer.</summary>
    /// <param name="inner">The writer.</param>
    /// <param name="failure">Message of the <see cref="IOException"/> where it cannot be written to; null drops the text.</param>
    internal sealed class Writer(TextWriter inner, string? failure) : TextWriter
    {
        public override Encoding Encoding => inner.Encoding;

        public override void Write(char value) => Try(() => inner.Write(value));

        public override void Write(string? value) => Try(() => inner.Write(value));

        public override void Write(char[] buffer, int index, int count) => Try(() => inner.Write(buffer, index, count));

        // In one piece: lines of several processes share a terminal.
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
