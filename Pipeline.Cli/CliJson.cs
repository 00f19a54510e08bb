using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Cli;

/// <summary>What generate made.</summary>
internal sealed record GeneratedFile(string Output, long Lines, long Bytes);

/// <summary>JSON of the command line alone.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(GeneratedFile))]
internal sealed partial class CliJson : JsonSerializerContext;
