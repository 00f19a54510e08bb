using System.Buffers;
using System.Buffers.Text;
using System.IO.Compression;
using System.IO.Hashing;
using Pipeline.Contracts;
using Pipeline.Files;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Sink.Lines;

namespace Pipeline.Stages.Sink.Output;

/// <summary>The beginning of a file, which becomes part of a finished one.</summary>
/// <param name="Path">The file.</param>
/// <param name="Length">Bytes from its beginning; 0 = there may be none.</param>
/// <param name="LinesBefore">What the line numbers of its rejects are raised by.</param>
internal readonly record struct Piece(string Path, long Length, long LinesBefore = 0);

/// <summary>What the finished files are put together from.</summary>
/// <param name="WorkItems">Lines of work items, with which the results begin.</param>
/// <param name="Rejects">Lines of rejects.</param>
/// <param name="Groups">The rest of the results; each piece is valid until the next.</param>
internal sealed record FinalContent(IEnumerable<Piece> WorkItems, IReadOnlyList<Piece> Rejects, IEnumerable<ReadOnlyMemory<byte>> Groups);

/// <summary>Puts the finished files together and brings them into place: first the rejects, last the results.</summary>
internal sealed class FinalFiles(IDurableFiles files, OutputPlan plan, StageMeter meter)
{
    private const int BlockBytes = 256 * 1024;

    /// <summary>Writes both files beside their places, durably.</summary>
    /// <param name="content">What they are put together from.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    /// <returns>What they are.</returns>
    public (FinishedFile Results, FinishedFile Rejects) Assemble(FinalContent content, CancellationToken cancellationToken)
    {
        var rejects = FinishedFile.None;
        if (content.Rejects.Any(piece => piece.Length > 0))
            rejects = Write(plan.UnfinishedRejects, "rejects", content.Rejects, [], cancellationToken);

        var results = Write(plan.UnfinishedResults, "results", content.WorkItems, content.Groups, cancellationToken);
        return (results, rejects);
    }

    /// <summary>Renames them into place. A rejects file of an earlier run goes where there is none now.</summary>
    /// <param name="results">The results as they are written.</param>
    /// <param name="rejects">The rejects.</param>
    /// <param name="mayReplace">Whether files that this run has not published itself may be replaced.</param>
    /// <exception cref="StageException">A file has appeared there since the run began.</exception>
    public void Publish(FinishedFile results, FinishedFile rejects, bool mayReplace)
    {
        if (!mayReplace)
            plan.RequireFree(results, rejects, meter);

        var placed = false;
        if (rejects != FinishedFile.None)
        {
            placed = Place(plan.UnfinishedRejects, plan.Rejects, rejects, "rejects", mayReplace);
            files.FlushFolder(plan.Folder, "rejects");
        }
        else if (mayReplace && File.Exists(plan.Rejects))
        {
            files.Delete(plan.Rejects, "rejects");
            files.FlushFolder(plan.Folder, "rejects");
        }

        try
        {
            Place(plan.UnfinishedResults, plan.Results, results, "results", mayReplace);
        }
        catch (StageException) when (placed && rejects.Fits(plan.Rejects, meter))
        {
            // Else this run's rejects would stand beside the results of somebody else.
            files.Delete(plan.Rejects, "rejects");
            files.FlushFolder(plan.Folder, "rejects");
            throw;
        }

        files.FlushFolder(plan.Folder, "results");
    }

    /// <summary>Takes away what was written and not published.</summary>
    public void Discard()
    {
        files.Delete(plan.UnfinishedRejects, "leftover");
        files.Delete(plan.UnfinishedResults, "leftover");
    }

    // Whether this attempt has put it there.
    private bool Place(string from, string to, FinishedFile file, string role, bool mayReplace)
    {
        if (mayReplace)
        {
            files.Rename(from, to, role);
            return true;
        }

        if (files.TryRename(from, to, role))
            return true;

        // It is this run's where an earlier attempt died before it had noted it; any other file has appeared since it was looked for.
        if (!file.Fits(to, meter))
            throw plan.Exists(to);

        files.Delete(from, "leftover");
        return false;
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Read(Piece piece)
    {
        if (!File.Exists(piece.Path))
            throw Gone($"'{piece.Path}' is not there");

        var block = new byte[BlockBytes];
        using var handle = File.OpenHandle(piece.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        for (long done = 0; done < piece.Length;)
        {
            var read = RandomAccess.Read(handle, block.AsSpan(0, (int)Math.Min(block.Length, piece.Length - done)), done);
            if (read == 0)
                throw Gone($"'{piece.Path}' has {done} of {piece.Length} bytes");

            yield return block.AsMemory(0, read);
            done += read;
        }
    }

    // Lines of rejects, each beginning with its number, as ResultLines writes it.
    private static IEnumerable<ReadOnlyMemory<byte>> Renumbered(Piece rejects)
    {
        var start = "{\"line\":"u8.Length;
        var (input, output) = (new ArrayBufferWriter<byte>(), new ArrayBufferWriter<byte>());
        foreach (var block in Read(rejects))
        {
            input.Write(block.Span);
            var left = input.WrittenMemory;
            output.ResetWrittenCount();
            for (int end; (end = left.Span.IndexOf((byte)'\n') + 1) > 0; left = left[end..])
            {
                var line = left.Span[..end];
                _ = Utf8Parser.TryParse(line[start..], out long number, out var digits);
                output.Write(line[..start]);
                JsonText.WriteNumber(output, checked(number + rejects.LinesBefore));
                output.Write(line[(start + digits)..]);
            }

            yield return output.WrittenMemory;
            var rest = left.ToArray();
            input.ResetWrittenCount();
            input.Write(rest);
        }
    }

    private static StageException Gone(string how) =>
        new(FailureReasons.CheckpointCorrupt, $"Output that was committed is gone: {how}. Start a new run.");

    private FinishedFile Write(
        string path, string role, IEnumerable<Piece> pieces, IEnumerable<ReadOnlyMemory<byte>> groups, CancellationToken cancellationToken)
    {
        using var file = files.Create(path, role);
        var target = new FinishedStream(file, meter);
        using Stream output = OutputFiles.IsCompressed(plan.Results) ? Compress(target) : target;
        var content = pieces.Where(piece => piece.Length > 0).SelectMany(piece => piece.LinesBefore == 0 ? Read(piece) : Renumbered(piece)).Concat(groups);
        var block = new ArrayBufferWriter<byte>(BlockBytes);
        foreach (var part in content)
        {
            block.Write(part.Span);
            if (block.WrittenCount >= BlockBytes / 2)
            {
                cancellationToken.ThrowIfCancellationRequested();
                output.Write(block.WrittenSpan);
                block.ResetWrittenCount();
            }
        }

        output.Write(block.WrittenSpan);
        output.Dispose();
        if (output != target && target.Length == 0)
            target.Write(OutputFiles.EmptyGzip);

        file.Flush();
        return target.Finished;
    }

    // The buffer hands pieces of one size to the compressor, so that its output does not depend on how the attempts cut the segments.
    private static BufferedStream Compress(Stream target) => new(new GZipStream(target, CompressionLevel.Fastest), 4 * BlockBytes);

    /// <summary>Appends to a durable file, and knows what it holds.</summary>
    private sealed class FinishedStream(IDurableFile file, StageMeter meter) : Stream
    {
        private readonly XxHash3 _hash = new();
        private long _length;

        public FinishedFile Finished => new(_length, _hash.GetCurrentHashAsUInt64());

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => _length;

        public override long Position { get => _length; set => throw new NotSupportedException(); }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            file.Append(buffer);
            _hash.Append(buffer);
            _length += buffer.Length;
            meter.FileBytesWritten += buffer.Length;
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        // The file is flushed once, when it is whole.
        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
