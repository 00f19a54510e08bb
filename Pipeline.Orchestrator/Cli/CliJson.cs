using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Orchestrator.Cli;

/// <summary>What generate made.</summary>
internal sealed record GeneratedFile(string Output, long Lines, long Bytes);

/// <summary>The parts of a problem detail that the command line shows.</summary>
internal sealed record Problem(string? Title, string? Detail, Dictionary<string, string[]>? Errors);

/// <summary>JSON of the command line alone.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(GeneratedFile))]
[JsonSerializable(typeof(Problem))]
internal sealed partial class CliJson : JsonSerializerContext;
