namespace Pipeline.Files;

/// <summary>Which files of an input directory hold lines, by their names.</summary>
public static class InputNames
{
    private static readonly string[] Extensions = [".ndjson", ".jsonl", ".json"];

    /// <summary>Whether a name ends in .ndjson, .jsonl or .json, or one of them with .gz; case does not matter.</summary>
    public static bool IsInput(ReadOnlySpan<char> name)
    {
        if (name.EndsWith(".gz", StringComparison.OrdinalIgnoreCase))
        {
            name = name[..^3];
        }

        foreach (var extension in Extensions)
        {
            if (name.EndsWith(extension, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }
}
