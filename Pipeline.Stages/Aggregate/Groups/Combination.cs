using System.Numerics;
using System.Runtime.InteropServices;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;

namespace Pipeline.Stages.Aggregate.Groups;

/// <summary>
/// One code per row for several narrow columns together, as digits of a mixed-radix number: then keys are made once for each
/// combination of a frame, and not for each row.
/// </summary>
internal sealed class Combination
{
    private const int MinDomain = 1024;

    private int[] _codes = [];
    private int[] _strides = [];
    private int _count;

    /// <summary>Codes lie below.</summary>
    public int Domain { get; private set; }

    /// <summary>By row.</summary>
    public ReadOnlySpan<int> Codes => _codes.AsSpan(0, _count);

    /// <summary>Combines columns.</summary>
    /// <returns>False: they have too many combinations for a frame of so few rows, or one of them is wide.</returns>
    public bool TryCombine(EventColumn[] columns, int count)
    {
        _count = count;
        _strides = _strides.Length == columns.Length + 1 ? _strides : new int[columns.Length + 1];
        long domain = 1;
        for (var column = 0; column < columns.Length; column++)
        {
            _strides[column] = (int)domain;
            domain *= DomainOf(columns[column]);
            if (domain == 0 || domain > Math.Max(MinDomain, 2L * count))
                return false;
        }

        Domain = _strides[^1] = (int)domain;
        if (_codes.Length < count)
            _codes = new int[Math.Max(count, _codes.Length * 2)];

        _codes.AsSpan(0, count).Clear();
        for (var column = 0; column < columns.Length; column++)
            Add(columns[column], _strides[column], _strides[column + 1] / _strides[column]);

        return true;
    }

    /// <summary>A column's raw value, unsigned, of a code.</summary>
    public int CodeOf(int code, int column) => code % _strides[column + 1] / _strides[column];

    private static int DomainOf(EventColumn column) => column.Kind switch
    {
        ColumnKind.Text => column.Texts!.Count,
        ColumnKind.Boolean => 2,
        _ => column.Width switch { 0 => 1, 1 => 256, 2 => 65_536, _ => 0 },
    };

    private void Add(EventColumn column, int stride, int domain)
    {
        switch (column.Width)
        {
            case 1:
                Add<byte>(column.Data, stride, domain, column.Name);
                break;
            case 2:
                Add<ushort>(MemoryMarshal.Cast<byte, ushort>(column.Data), stride, domain, column.Name);
                break;
            case 4:
                Add<uint>(MemoryMarshal.Cast<byte, uint>(column.Data), stride, domain, column.Name);
                break;
        }
    }

    private void Add<T>(ReadOnlySpan<T> values, int stride, int domain, string name)
        where T : unmanaged, INumber<T>
    {
        for (var row = 0; row < values.Length; row++)
        {
            var code = uint.CreateTruncating(values[row]);
            if (code >= (uint)domain)
                throw EventFrame.Unsound(name);

            _codes[row] += (int)code * stride;
        }
    }
}
