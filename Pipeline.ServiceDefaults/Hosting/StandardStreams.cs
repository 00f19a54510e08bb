using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Pipeline.ServiceDefaults.Hosting;

/// <summary>Guards against a standard output or standard error that the caller has closed.</summary>
public static class StandardStreams
{
    /// <summary>The error where standard output is closed.</summary>
    public const string OutputIsClosed = "standard output cannot be written to; is it closed?";

    /// <summary>PIPE_BUF of this system: what is not longer is written to a pipe as a whole, or not at all where it would block.</summary>
    internal static readonly int PipeBuffer = OperatingSystem.IsMacOS() ? 512 : 4_096;

    // EPIPE.
    private const int BrokenPipe = 32;

    /// <summary>Drops what cannot be written to standard error: a program that has done its work must not fail because of a message.</summary>
    /// <param name="outputMatters">
    /// True: what cannot be written to standard output is an <see cref="IOException"/> that says so. False: it is dropped, too.
    /// </param>
    public static void Guard(bool outputMatters)
    {
        Console.SetError(new Writer(Console.Error, failure: null));
        var output = outputMatters && OpenOutputPipe() is { } pipe
            ? TextWriter.Synchronized(new StreamWriter(pipe, Console.Out.Encoding) { AutoFlush = true })
            : Console.Out;
        Console.SetOut(new Writer(output, outputMatters ? OutputIsClosed : null));
    }

    /// <summary>
    /// Opens standard output. What is written to a pipe that nobody reads any more is an <see cref="IOException"/>; the stream of
    /// <see cref="Console"/> drops it, on Windows here as well.
    /// </summary>
    public static Stream OpenOutput() => OpenOutputPipe() ?? Console.OpenStandardOutput();

    /// <summary>Whether writing failed because nobody reads the pipe any more.</summary>
    public static bool IsUnread(Exception error) => !OperatingSystem.IsWindows() && error.InnerException is IOException { HResult: BrokenPipe };

    private static Stream? OpenOutputPipe() => !OperatingSystem.IsWindows() && Console.IsOutputRedirected
        ? OpenPipe(new SafeFileHandle(1, ownsHandle: false))
        : null;

    /// <summary>Opens a descriptor to write to it, if it is that of a pipe or a socket.</summary>
    /// <returns>Null where it is a file: its position is shared with other processes, and <see cref="FileStream"/> would keep one of its own.</returns>
    internal static Stream? OpenPipe(SafeFileHandle handle)
    {
        var stream = new OutputPipe(handle);
        if (!stream.CanSeek)
            return stream;
        stream.Dispose();
        return null;
    }

    /// <summary>A pipe or a socket, which another process may have made not to block.</summary>
    private sealed class OutputPipe(SafeFileHandle handle) : FileStream(handle, FileAccess.Write, bufferSize: 0)
    {
        // EAGAIN.
        private static readonly int WouldBlock = OperatingSystem.IsMacOS() ? 35 : 11;

        // All other overloads of a derived FileStream call this one.
        public override void Write(byte[] buffer, int offset, int count)
        {
            for (var (at, end) = (offset, offset + count); at < end; at += PipeBuffer)
            {
                var length = Math.Min(PipeBuffer, end - at);
                try
                {
                    base.Write(buffer, at, length);
                }
                catch (IOException error) when (error.HResult == WouldBlock)
                {
                    // The pipe is full. The stream of Console waits until there is room.
                    using var patient = Console.OpenStandardOutput();
                    patient.Write(buffer, at, length);
                }
            }
        }
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
