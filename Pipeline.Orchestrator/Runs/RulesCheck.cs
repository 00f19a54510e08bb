using System.Text.Json;

namespace Pipeline.Orchestrator.Runs;

/// <summary>Checks the text of a rules file.</summary>
internal static class RulesCheck
{
    /// <summary>Every error, with its position; empty where there is none.</summary>
    public static IReadOnlyList<string> Errors(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            return [];
        }
        catch (JsonException error)
        {
            return [$"is not JSON: {error.Message}"];
        }
    }
}
