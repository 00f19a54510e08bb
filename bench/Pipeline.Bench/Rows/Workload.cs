namespace Pipeline.Bench.Rows;

/// <summary>What all rows work on.</summary>
/// <param name="Folder">Temporary; everything is below it.</param>
/// <param name="Input">The generated file.</param>
/// <param name="Lines">Its lines.</param>
internal sealed record Workload(string Folder, string Input, long Lines)
{
    /// <summary>Bytes of the file.</summary>
    public long Bytes => new FileInfo(Input).Length;

    /// <summary>A path for results, used once.</summary>
    public string NewOutput() => Path.Combine(Folder, $"{Guid.NewGuid():N}.ndjson");
}
