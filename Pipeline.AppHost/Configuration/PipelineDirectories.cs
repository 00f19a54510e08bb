using Microsoft.Extensions.Configuration;

namespace Pipeline.AppHost.Configuration;

/// <summary>Where the pipeline keeps and finds its files; all absolute.</summary>
/// <param name="Data">The data directory.</param>
/// <param name="Roots">What may be read and written below, separated like PATH.</param>
internal sealed record PipelineDirectories(string Data, string Roots)
{
    public string Logs => Path.Combine(Data, "logs");

    /// <summary>The input of a run that names none.</summary>
    public string Sample => Path.Combine(Data, "samples", "events-100000.ndjson");

    public static PipelineDirectories Create(PipelineOptions options, IConfiguration configuration, PipelineCommand command)
    {
        var data = Path.GetFullPath(configuration["PIPELINE_DATA"] ?? options.Data);
        string?[] roots =
        [
            Environment.CurrentDirectory,
            data,
            .. options.Roots.Select(Path.GetFullPath),
            .. (configuration["PIPELINE_ROOTS"] ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries),
            Directory.Exists(command.Input) ? command.Input : Path.GetDirectoryName(command.Input),
            Path.GetDirectoryName(command.Output),
        ];
        return new PipelineDirectories(data, string.Join(Path.PathSeparator, roots.OfType<string>().Distinct()));
    }
}
