using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Files;

namespace Pipeline.Stages.Ingest.Input;

/// <summary>Which bytes of its files a run reads: all, or the slice of a partitioned run. Only a slice of a single file leaves out any.</summary>
internal readonly struct ReadRange
{
    private const byte LineEnd = (byte)'\n';
    private readonly long? _end;

    private ReadRange(InputSlice slice) => (First, _end) = (slice.FirstByte, slice.EndByte);

    /// <summary>Whether it is the slice of a partitioned run, or all of the input.</summary>
    public bool IsSlice => _end is not null;

    /// <summary>Where reading of the first file begins.</summary>
    public long First { get; }

    /// <summary>The range of a run.</summary>
    /// <param name="slice">As it came with the run's options; null = all of the input.</param>
    /// <param name="files">The files of the slice.</param>
    /// <exception cref="StageException">invalid_options: the slice does not consist of lines of its files.</exception>
    public static ReadRange Of(InputSlice? slice, InputCatalog files)
    {
        if (slice is null)
            return default;

        var last = slice.Files[^1];
        if (slice.FirstByte < 0 || slice.FirstByte > slice.EndByte || slice.EndByte > last.Length)
            throw Invalid($"bytes {slice.FirstByte} to {slice.EndByte} of '{last.Path}', which has {last.Length}");

        var range = new ReadRange(slice);
        if (slice.FirstByte == 0 && slice.EndByte == last.Length)
            return range;

        if (slice.Files.Count > 1)
            throw Invalid($"bytes {slice.FirstByte} to {slice.EndByte} of {slice.Files.Count} files: only a single file can be read in part");

        using var stored = StoredFile.Open(files.PathOf(0), last, last.Length);
        Span<byte> bytes = stackalloc byte[2];
        if (GzipInput.Is(files.PathOf(0), bytes[..stored.Peek(bytes, 0)]))
            throw Invalid($"part of '{last.Path}', which is compressed and can only be read from its beginning to its end");

        foreach (var cut in new[] { slice.FirstByte, slice.EndByte })
        {
            if (cut > 0 && cut < last.Length && (stored.Peek(bytes[..1], cut - 1) == 0 || bytes[0] != LineEnd))
                throw Invalid($"a cut at byte {cut} of '{last.Path}', which is within a line");
        }

        return range;
    }

    /// <summary>Where reading of a file begins.</summary>
    /// <param name="index">Among the files that are read.</param>
    public long FirstOf(int index) => index == 0 ? First : 0;

    /// <summary>Where reading of a file ends.</summary>
    /// <param name="index">Among the files that are read.</param>
    /// <param name="files">All of them.</param>
    public long EndOf(int index, IReadOnlyList<InputFile> files) => index == files.Count - 1 && _end is { } end ? end : files[index].Length;

    private static StageException Invalid(string what) => new(FailureReasons.InvalidOptions, $"The slice to read has {what}.");
}
