using System.Text;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Sink.Lines;

/// <summary>
/// Groups in the order of their keys, column by column: text before numbers before booleans; text by its UTF-8 bytes, numbers by
/// value, false before true.
/// </summary>
internal static class GroupKeys
{
    private const int MaxScale = 9;

    /// <summary>Sorted; the groups themselves stay where they are.</summary>
    public static Group[] Sort(IReadOnlyCollection<Group> groups)
    {
        var keys = groups.Select(group => group.Key.Select(ToPart).ToArray()).ToArray();
        var sorted = groups.ToArray();
        Array.Sort(keys, sorted, Comparer<Part[]>.Create(Compare));
        for (var index = 1; index < keys.Length; index++)
        {
            if (Compare(keys[index - 1], keys[index]) == 0)
            {
                throw new StageException(FailureReasons.Internal, $"Two groups have the same key {sorted[index].Key}.");
            }
        }

        return sorted;
    }

    private static Part ToPart(Scalar scalar) => scalar.ValueCase switch
    {
        Scalar.ValueOneofCase.Text => new Part(1, Encoding.UTF8.GetBytes(scalar.Text), 0),
        Scalar.ValueOneofCase.Number => new Part(2, [], ToCommonScale(scalar.Number)),
        Scalar.ValueOneofCase.Boolean => new Part(3, [], scalar.Boolean ? 1 : 0),
        _ => new Part(4, [], 0),
    };

    private static Int128 ToCommonScale(Contracts.V1.Decimal number)
    {
        Int128 value = number.Mantissa;
        for (var scale = number.Scale; scale < MaxScale; scale++)
        {
            value *= 10;
        }

        return value;
    }

    private static int Compare(Part[] left, Part[] right)
    {
        for (var index = 0; index < Math.Min(left.Length, right.Length); index++)
        {
            var (a, b) = (left[index], right[index]);
            var order = a.Kind.CompareTo(b.Kind);
            order = order != 0 ? order : a.Kind == 1 ? a.Text.AsSpan().SequenceCompareTo(b.Text) : a.Number.CompareTo(b.Number);
            if (order != 0)
            {
                return order;
            }
        }

        return left.Length.CompareTo(right.Length);
    }

    private readonly record struct Part(int Kind, byte[] Text, Int128 Number);
}
