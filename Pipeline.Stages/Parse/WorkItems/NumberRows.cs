using System.Text.Json;
using Pipeline.Stages.Parse.Lines;

namespace Pipeline.Stages.Parse.WorkItems;

/// <summary>An array of {"values":[..]}, as vectors and matrix rows are written: the numbers one after another, in memory that is used again.</summary>
internal sealed class NumberRows
{
    /// <summary>Most numbers in one work item: half of what fits into a message.</summary>
    public const int MaxValues = 1_000_000;

    /// <summary>Largest magnitude: its square, and the sums over squares, stay finite.</summary>
    public const double MaxMagnitude = 1e100;

    private readonly List<int> _ends = [];
    private double[] _values = new double[64];
    private int _count;

    /// <summary>Rows.</summary>
    public int Count => _ends.Count;

    /// <summary>All numbers.</summary>
    public ReadOnlySpan<double> Values => _values.AsSpan(0, _count);

    /// <summary>True where all rows have the same length.</summary>
    public bool IsRectangular
    {
        get
        {
            for (var row = 1; row < Count; row++)
            {
                if (this[row].Length != this[0].Length)
                {
                    return false;
                }
            }

            return true;
        }
    }

    /// <summary>The numbers of one row.</summary>
    public Span<double> this[int row]
    {
        get
        {
            var start = row == 0 ? 0 : _ends[row - 1];
            return _values.AsSpan(start, _ends[row] - start);
        }
    }

    /// <summary>Reads the array that <paramref name="reader"/> stands at the beginning of, to its end.</summary>
    /// <param name="reader">Over a text that is known as valid.</param>
    /// <returns>WorkItem, or what is wrong first.</returns>
    public Verdict Read(ref Utf8JsonReader reader)
    {
        _ends.Clear();
        _count = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                return Verdict.WrongType;
            }

            var verdict = ReadRow(ref reader);
            if (verdict != Verdict.WorkItem)
            {
                return verdict;
            }

            _ends.Add(_count);
        }

        return Verdict.WorkItem;
    }

    private Verdict ReadRow(ref Utf8JsonReader reader)
    {
        var verdict = Verdict.MissingField;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isValues = reader.ValueTextEquals("values"u8);
            reader.Read();
            if (!isValues)
            {
                reader.Skip();
                continue;
            }

            if (verdict == Verdict.WorkItem)
            {
                return Verdict.DuplicateField;
            }

            verdict = reader.TokenType == JsonTokenType.StartArray ? ReadNumbers(ref reader) : Verdict.WrongType;
            if (verdict != Verdict.WorkItem)
            {
                return verdict;
            }
        }

        return verdict;
    }

    private Verdict ReadNumbers(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number)
            {
                return Verdict.WrongType;
            }

            // Infinity, where a double cannot hold the number, is out of range too.
            if (!reader.TryGetDouble(out var value) || !(Math.Abs(value) <= MaxMagnitude))
            {
                return Verdict.ValueOutOfRange;
            }

            if (_count == MaxValues)
            {
                return Verdict.TooManyValues;
            }

            if (_count == _values.Length)
            {
                Array.Resize(ref _values, _count * 2);
            }

            _values[_count++] = value;
        }

        return Verdict.WorkItem;
    }
}
