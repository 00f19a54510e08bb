using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;
using Pipeline.Client.Channels;
using Pipeline.Client.Runs;

namespace Pipeline.Orchestrator.Api;

/// <summary>Reads settings from a request, and names every field that is unknown or of the wrong kind, not only the first.</summary>
internal static class RunSettingsReader
{
    private const string Body = "body";

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    private static readonly Dictionary<string, Type> Fields =
        RunJson.Default.RunSettings.Properties.ToDictionary(property => property.Name, property => property.PropertyType);

    /// <summary>The settings, as far as they can be read, and what cannot.</summary>
    public static async Task<(RunSettings Settings, List<FieldError> Errors)> ReadAsync(Stream body, CancellationToken cancellationToken)
    {
        using var text = new MemoryStream();
        await body.CopyToAsync(text, cancellationToken);
        if (text.Length == 0)
            return (new(), [new(Body, "is empty: it must be a JSON object")]);
        if (!Utf8.IsValid(text.GetBuffer().AsSpan(0, (int)text.Length)))
            return (new(), [new(Body, "is not UTF-8")]);
        JsonObject? json;
        try
        {
            text.Position = 0;
            json = JsonNode.Parse(text, documentOptions: Strict) as JsonObject;
            // Names and texts are decoded only now.
            _ = json?.ToJsonString();
        }
        catch (JsonException error)
        {
            var place = error.LineNumber is { } line ? $", line {line + 1}" : "";
            return (new(), [new(Body, $"is not JSON: {PeerText.Describe(error).TrimEnd('.')}{place}")]);
        }
        catch (InvalidOperationException)
        {
            return (new(), [new(Body, "has a text with half of a surrogate pair")]);
        }

        if (json is null)
            return (new(), [new(Body, "must be a JSON object")]);
        var errors = new List<FieldError>();
        foreach (var (name, value) in json.ToList())
        {
            if (WhatIsWrong(name, value) is not { } wrong)
                continue;
            errors.Add(new(name, wrong));
            json.Remove(name);
        }

        return (json.Deserialize(RunJson.Default.RunSettings)!, errors);
    }

    private static string? WhatIsWrong(string name, JsonNode? value)
    {
        if (!Fields.TryGetValue(name, out var type))
            return $"is not a field of a run; those are {string.Join(", ", Fields.Keys)}";
        try
        {
            return value.Deserialize(type, RunJson.Default) switch
            {
                null when type != typeof(string) => $"must be {Kind(type)}, not null",
                IReadOnlyList<string?> texts when texts.Contains(null) => $"must be {Kind(type)}, without null",
                _ => null,
            };
        }
        catch (JsonException)
        {
            return $"must be {Kind(type)}";
        }
    }

    private static string Kind(Type type) => type switch
    {
        _ when type == typeof(string) => "a text",
        _ when type == typeof(bool) => "true or false",
        _ when type == typeof(double) => "a number",
        _ when type == typeof(int) || type == typeof(long) => "a whole number in range",
        _ => "an array of texts",
    };
}
