using System.Numerics;
using Pipeline.Stages.Rules.Expressions;

namespace Pipeline.Stages.Rules.Evaluation;

/// <summary>
/// One entry per row for several narrow columns together, as digits of a mixed-radix number: an expression over them is then
/// evaluated once for each combination that a frame has, and not for each row.
/// </summary>
internal sealed class RowEntries(Slot[] reads)
{
    private const int MinDomain = 1024;

    private readonly int[] _domains = new int[reads.Length];
    private int[] _entries = [];
    private int _count;

    /// <summary>Entries lie below.</summary>
    public int Domain { get; private set; }

    /// <summary>By row.</summary>
    public ReadOnlySpan<int> Entries => _entries.AsSpan(0, _count);

    /// <summary>Combines the columns of a frame.</summary>
    /// <returns>False: one of them is wide, or they have too many combinations for so few rows.</returns>
    public bool TryCombine(FrameRows rows)
    {
        long domain = 1;
        for (var column = 0; column < reads.Length; column++)
        {
            _domains[column] = rows.Domain(reads[column]);
            domain *= _domains[column];
            if (domain == 0 || domain > Math.Max(MinDomain, 8L * rows.Count))
                return false;
        }

        Domain = (int)domain;
        _count = rows.Count;
        if (_entries.Length < _count)
            _entries = new int[Math.Max(_count, _entries.Length * 2)];

        _entries.AsSpan(0, _count).Clear();
        var stride = 1;
        for (var column = 0; column < reads.Length; column++)
        {
            Add(rows, reads[column], stride);
            stride *= _domains[column];
        }

        return true;
    }

    /// <summary>Puts the values of an entry under the cursor.</summary>
    public void FillEntry(FrameRows rows, int entry)
    {
        for (var column = 0; column < reads.Length; column++)
        {
            rows.FillEntry(reads[column], entry % _domains[column]);
            entry /= _domains[column];
        }
    }

    private void Add(FrameRows rows, Slot slot, int stride)
    {
        var column = rows.Column(slot);
        switch (column.Width)
        {
            case 1:
                Add<byte>(column.Data, stride);
                break;
            case 2:
                Add<ushort>(ColumnAccess.As<ushort>(column), stride);
                break;
            case 4:
                Add<int>(ColumnAccess.As<int>(column), stride);
                break;
        }
    }

    private void Add<T>(ReadOnlySpan<T> values, int stride)
        where T : unmanaged, INumber<T>
    {
        for (var row = 0; row < values.Length; row++)
            _entries[row] += int.CreateTruncating(values[row]) * stride;
    }
}
