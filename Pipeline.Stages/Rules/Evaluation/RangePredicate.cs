using System.Diagnostics;
using System.Linq.Expressions;
using System.Numerics;
using Pipeline.Stages.Rules.Expressions;

namespace Pipeline.Stages.Rules.Evaluation;

/// <summary>
/// A number compared with a literal, on the integers of the column as they are: for each scale the literal becomes a range of
/// mantissas [low, high], in which the column's must, or must not, lie.
/// </summary>
/// <param name="slot">The column.</param>
/// <param name="comparison">Which comparison, the column on its left.</param>
/// <param name="literal">What it is compared with.</param>
internal sealed class RangePredicate(Slot slot, ExpressionType comparison, decimal literal) : Predicate
{
    private readonly (long Low, long High)?[] _ranges = new (long Low, long High)?[Number.MaxScale + 1];

    public override void Evaluate(FrameRows rows, ReadOnlySpan<byte> skip, Span<byte> outcomes)
    {
        var column = rows.Column(slot);
        var (low, high) = _ranges[column.Scale] ??= RangeAt(column.Scale);
        var inside = comparison == ExpressionType.NotEqual ? Outcome.False : Outcome.True;
        switch (column.Width)
        {
            case 0:
                outcomes.Fill(low <= 0 && high >= 0 ? inside : (byte)(inside ^ 1));
                break;
            case 1:
                EvaluateBytes(column.Data, low, high, inside, outcomes);
                break;
            case 2:
                Evaluate(column.As<short>(), low, high, inside, outcomes);
                break;
            case 4:
                Evaluate(column.As<int>(), low, high, inside, outcomes);
                break;
            default:
                Evaluate(column.As<long>(), low, high, inside, outcomes);
                break;
        }
    }

    // Offset by the lower end and unsigned, one comparison tells whether a value lies between both ends.
    private static void EvaluateBytes(ReadOnlySpan<byte> values, long low, long high, byte inside, Span<byte> outcomes)
    {
        low = Math.Max(low, sbyte.MinValue);
        high = Math.Min(high, sbyte.MaxValue);
        if (low > high)
        {
            outcomes.Fill((byte)(inside ^ 1));
            return;
        }

        var start = (byte)low;
        var length = (byte)(high - low);
        var at = 0;
        var flip = new Vector<byte>((byte)(inside ^ 1));
        for (; at <= values.Length - Vector<byte>.Count; at += Vector<byte>.Count)
        {
            var offset = new Vector<byte>(values[at..]) - new Vector<byte>(start);
            ((Vector.LessThanOrEqual(offset, new Vector<byte>(length)) & Vector<byte>.One) ^ flip).CopyTo(outcomes[at..]);
        }

        for (; at < values.Length; at++)
            outcomes[at] = (byte)(values[at] - start) <= length ? inside : (byte)(inside ^ 1);
    }

    private static void Evaluate<T>(ReadOnlySpan<T> values, long low, long high, byte inside, Span<byte> outcomes)
        where T : unmanaged, INumber<T>
    {
        if (low > high)
        {
            outcomes.Fill((byte)(inside ^ 1));
            return;
        }

        var length = (ulong)(high - low);
        for (var row = 0; row < values.Length; row++)
            outcomes[row] = (byte)(((ulong)(long.CreateTruncating(values[row]) - low) <= length ? 1 : 0) ^ (inside ^ 1));
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
