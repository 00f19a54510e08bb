using System.Text;
using System.Text.Json;
using Pipeline.Bench.Cli;

namespace Pipeline.Bench.Rows;

/// <summary>Holds every row's result against the first one's: the same bytes, or where there is no file the same groups.</summary>
internal sealed class ResultCheck
{
    private byte[]? _results;
    private string _from = "";

    /// <summary>Takes a result.</summary>
    /// <exception cref="BenchException">It differs.</exception>
    public void Require(string row, Outcome outcome)
    {
        if (outcome.Results is { } results)
        {
            _from = _results is null ? row : _from;
            _results ??= results;
            if (!results.AsSpan().SequenceEqual(_results))
                throw Differs(row, Head(results));
        }
        else if (_results is not null && !GroupsOf(_results).SequenceEqual(outcome.Groups!))
        {
            throw Differs(row, string.Join('\n', outcome.Groups!));
        }
    }

    private BenchException Differs(string row, string result) =>
        new($"the results of \"{row}\" are not those of \"{_from}\":\n{result}\nand not\n{Head(_results!)}");

    private static string Head(byte[] results) => Encoding.UTF8.GetString(results, 0, Math.Min(results.Length, 1_000));

    private static IEnumerable<GroupResult> GroupsOf(byte[] results)
    {
        foreach (var line in Encoding.UTF8.GetString(results).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using var group = JsonDocument.Parse(line);
            var root = group.RootElement;
            yield return new GroupResult(
                root.GetProperty("key").GetString()!,
                root.GetProperty("count").GetInt64(),
                root.GetProperty("sum").GetDecimal(),
                root.GetProperty("avg").GetDouble());
        }
    }
}
