using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Pipeline.Orchestrator.Web.Views;

/// <summary>A rejected line.</summary>
/// <param name="Line">Its number, from 1.</param>
/// <param name="Text">Its beginning; what cannot be shown as text is written as \xHH.</param>
internal sealed record RejectedLine(long Line, string Text);

/// <summary>Rejects for one reason.</summary>
/// <param name="Reason">The reason.</param>
/// <param name="Count">How many lines.</param>
/// <param name="First">The first of them.</param>
internal sealed record RejectGroup(string Reason, long Count, IReadOnlyList<RejectedLine> First)
{
    private const int MaxLines = 5;
    private const int MaxReasons = 100;
    private const int MaxCharacters = 200;

    /// <summary>Reads a rejects file once; the most frequent reason comes first.</summary>
    /// <param name="path">The file, plain or .gz.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="JsonException">It is no rejects file.</exception>
    public static async Task<IReadOnlyList<RejectGroup>> ReadAsync(string path, CancellationToken cancellationToken)
    {
        var groups = new Dictionary<string, (long Count, List<RejectedLine> First)>();
        await foreach (var line in ResultSummary.LinesOf(path, cancellationToken))
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            var reason = root.GetProperty("reason").GetString() ?? "";
            if (!groups.TryGetValue(reason, out var group))
            {
                // A foreign stage may make up reasons.
                if (groups.Count >= MaxReasons)
                    continue;
                group = (0, []);
            }

            if (group.First.Count < MaxLines)
                group.First.Add(new(root.GetProperty("line").GetInt64(), TextOf(root)));
            groups[reason] = (group.Count + 1, group.First);
        }

        return [.. groups.Select(group => new RejectGroup(group.Key, group.Value.Count, group.Value.First)).OrderByDescending(group => group.Count)];
    }

    private static string TextOf(JsonElement reject) => reject.TryGetProperty("rawBase64", out var bytes)
        ? Visible(bytes.GetBytesFromBase64())
        : Visible(Encoding.UTF8.GetBytes(reject.TryGetProperty("raw", out var raw) ? raw.GetString() ?? "" : ""));

    /// <summary>Bytes as text: printable ASCII and letters of valid UTF-8 as they are, all else as \xHH, cut where it is long.</summary>
    internal static string Visible(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        while (bytes.Length > 0 && text.Length < MaxCharacters)
        {
            var isText = Rune.DecodeFromUtf8(bytes, out var rune, out var length) == OperationStatus.Done
                && !Rune.IsControl(rune)
                && Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Format or UnicodeCategory.PrivateUse
                    or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator
                    or UnicodeCategory.ParagraphSeparator);
            if (isText)
            {
                text.Append(rune.ToString());
            }
            else
            {
                foreach (var value in bytes[..length])
                    text.Append(CultureInfo.InvariantCulture, $"\\x{value:X2}");
            }

            bytes = bytes[length..];
        }

        return bytes.Length > 0 ? text.Append(" ...").ToString() : text.ToString();
    }
}
