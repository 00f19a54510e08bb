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
                    return false;
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

    /// <summary>Reads the array that is the next value.</summary>
    /// <returns>WorkItem, or what is wrong first.</returns>
    public Verdict Read(ref JsonWalker json)
    {
        _ends.Clear();
        _count = 0;
        if (!json.TryPass((byte)'['))
            return Verdict.WrongType;

        while (json.MoveNext((byte)']'))
        {
            var verdict = ReadMember(ref json, "values"u8, isMatrix: false);
            if (verdict != Verdict.WorkItem)
                return verdict;

            _ends.Add(_count);
        }

        return Verdict.WorkItem;
    }

    /// <summary>Reads the object that is the next value: a matrix, whose member "rows" is such an array.</summary>
    /// <returns>WorkItem, or what is wrong first.</returns>
    public Verdict ReadMatrix(ref JsonWalker json) => ReadMember(ref json, "rows"u8, isMatrix: true);

    // Of an object its one member that counts: the rows of a matrix, or the values of a row.
    private Verdict ReadMember(ref JsonWalker json, ReadOnlySpan<byte> name, bool isMatrix)
    {
        if (!json.TryPass((byte)'{'))
            return Verdict.WrongType;

        var verdict = Verdict.MissingField;
        while (json.MoveNext((byte)'}'))
        {
            if (!json.PassName(name))
            {
                json.PassValue();
                continue;
            }

            if (verdict == Verdict.WorkItem)
                return Verdict.DuplicateField;

            verdict = isMatrix ? Read(ref json) : ReadNumbers(ref json);
            if (verdict != Verdict.WorkItem)
                return verdict;
        }

        return verdict;
    }

    private Verdict ReadNumbers(ref JsonWalker json)
    {
        if (!json.TryPass((byte)'['))
            return Verdict.WrongType;

        while (json.MoveNext((byte)']'))
        {
            if (json.Next is not ((byte)'-' or (>= (byte)'0' and <= (byte)'9')))
                return Verdict.WrongType;

            // Infinity, where a double cannot hold the number, is out of range too.
            var value = json.PassNumber();
            if (!(Math.Abs(value) <= MaxMagnitude))
                return Verdict.ValueOutOfRange;

            if (_count == MaxValues)
                return Verdict.TooManyValues;

            if (_count == _values.Length)
                Array.Resize(ref _values, _count * 2);

            _values[_count++] = value;
        }

        return Verdict.WorkItem;
    }
}
