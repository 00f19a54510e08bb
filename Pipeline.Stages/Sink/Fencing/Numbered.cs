using System.Globalization;

namespace Pipeline.Stages.Sink.Fencing;

/// <summary>Files named PREFIX then the number of an attempt then SUFFIX.</summary>
internal static class Numbered
{
    /// <summary>Those in a folder, in no order.</summary>
    public static IEnumerable<(string Path, long Number)> In(string folder, string prefix, string suffix = "")
    {
        foreach (var path in Directory.EnumerateFiles(folder))
        {
            var name = Path.GetFileName(path.AsSpan());
            if (name.Length > prefix.Length + suffix.Length
                && name.StartsWith(prefix, StringComparison.Ordinal)
                && name.EndsWith(suffix, StringComparison.Ordinal)
                && long.TryParse(name[prefix.Length..^suffix.Length], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                yield return (path, number);
            }
        }
    }
}
