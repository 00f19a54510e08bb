using System.Diagnostics;
using System.Linq.Expressions;
using System.Numerics;
using System.Runtime.InteropServices;
using Pipeline.Stages.Rules.Expressions;

namespace Pipeline.Stages.Rules.Evaluation;

/// <summary>
/// A number compared with a literal, on the integers of the column as they are: for each scale the literal becomes a range of
/// mantissas [low, high], in which the column's must, or must not, lie.
/// </summary>
/// <param name="slot">The column.</param>
/// <param name="comparison">Which comparison, the column on its left.</param>
/// <param name="literal">What it is compared with.</param>
/// <param name="isNegated">Rows get the mark where it does not hold.</param>
/// <param name="mark">Their state then.</param>
internal sealed class RangeStep(Slot slot, ExpressionType comparison, decimal literal, bool isNegated, byte mark) : Step
{
    private readonly (long Low, long High)?[] _ranges = new (long Low, long High)?[Number.MaxScale + 1];
    private readonly int _outside = comparison == ExpressionType.NotEqual != isNegated ? 1 : 0; // whether values outside get the mark

    public override bool TryApply(FrameRows rows)
    {
        var column = rows.Column(slot);
        var (low, high) = _ranges[column.Scale] ??= RangeAt(column.Scale);
        switch (column.Width)
        {
            case 0:
                rows.Marks.Fill(MarkOf(low <= 0 && high >= 0));
                break;
            case 1:
                ApplyBytes(column.Data, Math.Max(low, sbyte.MinValue), Math.Min(high, sbyte.MaxValue), rows.Marks);
                break;
            case 2:
                Apply(column.As<short>(), low, high, rows.Marks);
                break;
            case 4:
                Apply(column.As<int>(), low, high, rows.Marks);
                break;
            default:
                Apply(column.As<long>(), low, high, rows.Marks);
                break;
        }

        rows.Mark();
        return true;
    }

    private byte MarkOf(bool isInside) => (byte)(-((isInside ? 1 : 0) ^ _outside) & mark);

    // Offset by the lower end and unsigned, one comparison tells whether a value lies between both ends.
    private void ApplyBytes(ReadOnlySpan<byte> values, long low, long high, Span<byte> marks)
    {
        var at = 0;
        if (low <= high)
        {
            var (start, length) = (new Vector<byte>((byte)low), new Vector<byte>((byte)(high - low)));
            var (marked, outside) = (new Vector<byte>(mark), new Vector<byte>((byte)-_outside));
            for (; at <= values.Length - Vector<byte>.Count; at += Vector<byte>.Count)
                ((Vector.LessThanOrEqual(new Vector<byte>(values[at..]) - start, length) ^ outside) & marked).CopyTo(marks[at..]);
        }

        Apply(MemoryMarshal.Cast<byte, sbyte>(values[at..]), low, high, marks[at..]);
    }

    private void Apply<T>(ReadOnlySpan<T> values, long low, long high, Span<byte> marks)
        where T : unmanaged, INumber<T>
    {
        if (low > high)
        {
            marks.Fill(MarkOf(false));
            return;
        }

        // Without a branch, since what rows hold cannot be foreseen.
        var length = (ulong)(high - low);
        var (marked, outside) = (mark, _outside);
        for (var row = 0; row < values.Length; row++)
            marks[row] = (byte)(-(((ulong)(long.CreateTruncating(values[row]) - low) <= length ? 1 : 0) ^ outside) & marked);
    }

    private (long Low, long High) RangeAt(int scale)
    {
        var (floor, exact) = Floor(scale);
        var ceiling = exact ? floor : floor + 1;
        var (low, high) = comparison switch
        {
            ExpressionType.LessThan => ((BigInteger)long.MinValue, ceiling - 1),
            ExpressionType.LessThanOrEqual => (long.MinValue, floor),
            ExpressionType.GreaterThan => (floor + 1, long.MaxValue),
            ExpressionType.GreaterThanOrEqual => (ceiling, long.MaxValue),
            ExpressionType.Equal or ExpressionType.NotEqual => exact ? (floor, floor) : (1, 0),
            _ => throw new UnreachableException($"{comparison} is no comparison"),
        };
        return low > high || low > long.MaxValue || high < long.MinValue
            ? (1, 0)
            : ((long)BigInteger.Max(low, long.MinValue), (long)BigInteger.Min(high, long.MaxValue));
    }

    // literal * 10^scale, rounded down.
    private (BigInteger Floor, bool Exact) Floor(int scale)
    {
        var bits = decimal.GetBits(literal);
        var decimals = (bits[3] >> 16) & 0xFF;
        var magnitude = ((BigInteger)(uint)bits[2] << 64) | ((BigInteger)(uint)bits[1] << 32) | (uint)bits[0];
        var scaled = (bits[3] < 0 ? -magnitude : magnitude) * BigInteger.Pow(10, scale);
        var quotient = BigInteger.DivRem(scaled, BigInteger.Pow(10, decimals), out var remainder);
        return (remainder.Sign < 0 ? quotient - 1 : quotient, remainder.IsZero);
    }
}
