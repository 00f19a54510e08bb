using Microsoft.Extensions.Configuration;

namespace Pipeline.Stages.Core.Runtime;

/// <summary>Folders that Ingest may read and Sink may write below: the working directory, the data directory, and those of PIPELINE_ROOTS.</summary>
public sealed class StageRoots(IConfiguration configuration)
{
    /// <summary>Absolute paths, each once.</summary>
    public IReadOnlyList<string> Paths { get; } =
    [
        .. (configuration["PIPELINE_ROOTS"] ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Prepend(configuration["PIPELINE_DATA"] ?? "data")
            .Prepend(Environment.CurrentDirectory)
            .Select(Path.GetFullPath)
            .Distinct(),
    ];
}
