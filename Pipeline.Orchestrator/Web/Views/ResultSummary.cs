using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Client.Channels;
using Pipeline.Files;

namespace Pipeline.Orchestrator.Web.Views;

/// <summary>By which figure groups are ranked.</summary>
internal enum ResultOrder
{
    /// <summary>Events of the group.</summary>
    Count,

    /// <summary>Sum of their values.</summary>
    Sum,

    /// <summary>Average of their values.</summary>
    Average,
}

/// <summary>A group of the results.</summary>
/// <param name="Key">Its key; several columns are parted by commas, and a column without text is "(empty)".</param>
/// <param name="Rank">The figure by which it is ranked.</param>
/// <param name="Figures">All its figures, "count", "sum" and so on, digit by digit as the file has them, whole digits in groups of three.</param>
internal sealed record ResultGroup(string Key, double Rank, IReadOnlyList<(string Name, string Text)> Figures);

/// <summary>The foremost groups of a results file, whatever its length.</summary>
/// <param name="Groups">The foremost ones, greatest first.</param>
/// <param name="Matching">Groups whose key has the text that is looked for.</param>
/// <param name="WorkItems">Lines that are work items.</param>
internal sealed partial record ResultSummary(IReadOnlyList<ResultGroup> Groups, long Matching, long WorkItems)
{
    /// <summary>Groups that are shown at most.</summary>
    public const int MaxGroups = 50;

    // By rank; of groups with the same rank the one whose key comes first is the greater one.
    private static readonly Comparer<ResultGroup> ByRank = Comparer<ResultGroup>.Create(
        (one, other) => one.Rank == other.Rank ? string.CompareOrdinal(other.Key, one.Key) : one.Rank.CompareTo(other.Rank));

    /// <summary>Reads a results file once, and keeps no more of it than what is shown.</summary>
    /// <param name="path">The file, plain or .gz.</param>
    /// <param name="search">Text that keys must have, whatever its case; empty: all do.</param>
    /// <param name="order">By which figure they are ranked.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="JsonException">It is no results file.</exception>
    public static async Task<ResultSummary> ReadAsync(string path, string search, ResultOrder order, CancellationToken cancellationToken)
    {
        // The smallest of those that are kept is the first to go.
        var foremost = new PriorityQueue<ResultGroup, ResultGroup>(ByRank);
        var (matching, workItems) = (0L, 0L);
        await foreach (var line in LinesOf(path, cancellationToken))
        {
            if (GroupOf(line, order) is not { } group)
            {
                workItems++;
                continue;
            }

            if (!group.Key.Contains(search, StringComparison.OrdinalIgnoreCase))
                continue;
            matching++;
            foremost.Enqueue(group, group);
            if (foremost.Count > MaxGroups)
                foremost.Dequeue();
        }

        var ranked = foremost.UnorderedItems.Select(item => item.Element).OrderDescending(ByRank);
        return new([.. ranked.Select(group => group with { Key = Printable(group.Key) })], matching, workItems);
    }

    /// <summary>The lines of a file, plain or .gz.</summary>
    internal static async IAsyncEnumerable<string> LinesOf(
        string path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var reader = OutputFiles.OpenText(path);
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
            yield return line;
    }

    private static ResultGroup? GroupOf(string line, ResultOrder order)
    {
        using var document = JsonDocument.Parse(line);
        var root = document.RootElement;
        if (!root.TryGetProperty("key", out var key))
            return null;
        IEnumerable<JsonElement> columns = key.ValueKind == JsonValueKind.Array ? key.EnumerateArray() : [key];
        var text = string.Join(", ", columns.Select(TextOf));
        var number = root.GetProperty(order switch { ResultOrder.Count => "count", ResultOrder.Sum => "sum", _ => "avg" });
        var rank = number.GetDouble();
        // One that is too great is read as infinite, which no chart draws.
        if (!double.IsFinite(rank))
            throw new JsonException($"{number.GetRawText()} is too great to be ranked");
        return new(
            text, rank,
            [
                .. root.EnumerateObject().Where(figure => figure.Name != "key")
                    .Select(figure => (figure.Name, ThousandsEnd().Replace(figure.Value.GetRawText(), ","))),
            ]);
    }

    private static string TextOf(JsonElement column) => column.ToString() is { Length: > 0 } text ? text : "(empty)";

    // A bidirectional override in one column would reverse those after it.
    private static string Printable(string key) => string.Concat(key.Select(character => PeerText.IsFit(character) ? character : '\uFFFD'));

    // Between the whole digits of a number, of which three, six, ... follow.
    [GeneratedRegex(@"(?<=^-?\d+)(?=(\d{3})+(?!\d))", RegexOptions.CultureInvariant)]
    private static partial Regex ThousandsEnd();
}
