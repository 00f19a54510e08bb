namespace Pipeline.Stages.Ingest.Input;

/// <summary>Uncompressed bytes of one file, in order.</summary>
internal interface IByteSource : IDisposable
{
    /// <summary>Reads at least one byte, unless at the end.</summary>
    /// <returns>Bytes read; 0 = the end.</returns>
    int Read(Span<byte> buffer);
}
