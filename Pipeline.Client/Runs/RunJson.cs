using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Client.Runs;

/// <summary>How runs are written: the same in run.json and over HTTP.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    NumberHandling = JsonNumberHandling.Strict,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(Run))]
[JsonSerializable(typeof(IReadOnlyList<Run>))]
[JsonSerializable(typeof(RunSettings))]
public sealed partial class RunJson : JsonSerializerContext;
