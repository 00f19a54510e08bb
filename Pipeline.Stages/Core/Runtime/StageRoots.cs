using Microsoft.Extensions.Configuration;

namespace Pipeline.Stages.Core.Runtime;

/// <summary>Folders that Ingest may read and Sink may write below: the working directory, the data directory, and those of PIPELINE_ROOTS.</summary>
public sealed class StageRoots(IConfiguration configuration)
{
    /// <summary>Absolute paths.</summary>
    public IReadOnlyList<string> Paths { get; } =
    [
        Environment.CurrentDirectory,
        Path.GetFullPath(configuration["PIPELINE_DATA"] ?? "data"),
        .. (configuration["PIPELINE_ROOTS"] ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(Path.GetFullPath),
    ];
}
