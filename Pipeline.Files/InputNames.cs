namespace Pipeline.Files;

/// <summary>Which files of an input directory hold lines, by their names.</summary>
public static class InputNames
{
    private static readonly string[] Extensions = [".ndjson", ".jsonl", ".json"];

    /// <summary>
    /// Whether a file or folder is skipped. By its name, on every system: what Windows calls hidden is an attribute, and would give other
    /// results there.
    /// </summary>
    public static bool IsHidden(ReadOnlySpan<char> name) => name is ['.', ..];

    /// <summary>Whether a name that is not hidden ends in .ndjson, .jsonl or .json, or one of them with .gz; case does not matter.</summary>
    public static bool IsInput(ReadOnlySpan<char> name)
    {
        if (IsHidden(name))
            return false;

        if (name.EndsWith(".gz", StringComparison.OrdinalIgnoreCase))
            name = name[..^3];

        foreach (var extension in Extensions)
        {
            if (name.EndsWith(extension, StringComparison.OrdinalIgnoreCase))
                return true;
        }

        return false;
    }
}
