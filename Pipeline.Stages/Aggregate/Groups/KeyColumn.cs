using System.Text.Unicode;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;

namespace Pipeline.Stages.Aggregate.Groups;

/// <summary>
/// The distinct values of one column that is grouped by: each has a dense id, its "part" of a group's key. Its kind is that of
/// the first values that come.
/// </summary>
internal sealed class KeyColumn(string name, AggregateOptions limits) : IDisposable
{
    // Mantissa in two halves, and scale.
    private const int NumberWidth = 3;

    private readonly TextIndex _texts = new();
    private readonly CompositeIndex _numbers = new(NumberWidth);
    private int[] _byCode = [];

    public string Name => name;

    /// <summary>Unspecified as long as no value has come.</summary>
    public ColumnKind Kind { get; private set; }

    /// <summary>The part of a raw value of a narrow column: a code, or a number as it stands there, unsigned.</summary>
    public int PartOfCode(EventColumn column, int code)
    {
        Take(column.Kind);
        if (column.Kind == ColumnKind.Number)
            return PartOf(column.Width == 2 ? (short)code : (sbyte)code, column.Scale);

        return column.Kind == ColumnKind.Text ? PartOf(column.Texts![code]) : code;
    }

    /// <summary>The part of each row.</summary>
    public void PartsOfRows(EventColumn column, Span<int> parts)
    {
        Take(column.Kind);
        if (column.Kind == ColumnKind.Number)
        {
            for (var row = 0; row < parts.Length; row++)
                parts[row] = PartOf(column.ReadNumber(row), column.Scale);

            return;
        }

        if (_byCode.Length < column.Domain)
            _byCode = new int[Math.Max(column.Domain, _byCode.Length * 2)];

        _byCode.AsSpan(0, column.Domain).Fill(-1);
        for (var row = 0; row < parts.Length; row++)
        {
            ref var part = ref _byCode[column.ReadCode(row)];
            if (part < 0)
                part = PartOfCode(column, column.ReadCode(row));
            parts[row] = part;
        }
    }

    /// <summary>The part of a text.</summary>
    public int PartOf(ReadOnlySpan<byte> text)
    {
        var known = _texts.Count;
        var part = _texts.GetOrAdd(text);
        // A checkpoint stores keys as UTF-8 strings: other bytes would be restored as another key.
        if (part == known && !Utf8.IsValid(text))
            throw EventFrame.Unsound(name);

        return _texts.ByteLength <= limits.MaxKeyBytes ? part : throw GroupTable.TooMany($"{limits.MaxKeyBytes:N0} bytes of texts in column '{name}'");
    }

    /// <summary>The part of a value of a checkpoint.</summary>
    /// <returns>-1 where the value is none of this column.</returns>
    public int PartOf(Scalar value)
    {
        var kind = value.ValueCase switch
        {
            Scalar.ValueOneofCase.Text => ColumnKind.Text,
            Scalar.ValueOneofCase.Number => ColumnKind.Number,
            Scalar.ValueOneofCase.Boolean => ColumnKind.Boolean,
            _ => ColumnKind.Unspecified,
        };
        if (kind == ColumnKind.Unspecified || (Kind != ColumnKind.Unspecified && Kind != kind) || value.Number?.Scale is < 0 or > 9)
            return -1;

        Kind = kind;
        return kind switch
        {
            ColumnKind.Text => PartOf(System.Text.Encoding.UTF8.GetBytes(value.Text)),
            ColumnKind.Number => PartOf(value.Number!.Mantissa, value.Number.Scale),
            _ => value.Boolean ? 1 : 0,
        };
    }

    /// <summary>The value of a part.</summary>
    public Scalar this[int part] => Kind switch
    {
        ColumnKind.Text => new Scalar { Text = System.Text.Encoding.UTF8.GetString(_texts[part]) },
        ColumnKind.Number => new Scalar { Number = NumberOf(_numbers[part]) },
        _ => new Scalar { Boolean = part != 0 },
    };

    public void Dispose() => _texts.Dispose();

    // 1.50 and 1.5 are one key.
    private int PartOf(long mantissa, int scale)
    {
        while (scale > 0 && mantissa % 10 == 0)
        {
            mantissa /= 10;
            scale--;
        }

        var part = _numbers.GetOrAdd([(int)mantissa, (int)(mantissa >> 32), scale]);
        return part < limits.MaxGroups ? part : throw GroupTable.TooMany($"{limits.MaxGroups:N0} numbers in column '{name}'");
    }

    private static Contracts.V1.Decimal NumberOf(ReadOnlySpan<int> number) =>
        new() { Mantissa = ((long)number[1] << 32) | (uint)number[0], Scale = number[2] };

    private void Take(ColumnKind kind)
    {
        if (Kind != ColumnKind.Unspecified && Kind != kind)
            throw EventFrame.Unsound(name);

        Kind = kind;
    }
}
