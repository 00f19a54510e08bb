using Pipeline.Contracts;
using Pipeline.Stages.Core.Batching;

namespace Pipeline.Stages.Core.Groups;

/// <summary>The figures of one group: exact integers at a decimal scale that grows with what comes in.</summary>
public struct GroupFigures
{
    /// <summary>Events.</summary>
    public long Count;

    /// <summary>Decimals of sum, min and max: 0 to 9.</summary>
    public int Scale;

    /// <summary>Sum of the values, at the scale.</summary>
    public Int128 Sum;

    /// <summary>The least value, at the scale.</summary>
    public Int128 Min;

    /// <summary>The greatest value, at the scale.</summary>
    public Int128 Max;

    /// <summary>Adds figures.</summary>
    /// <exception cref="StageException">The sum has no room in 128 bits.</exception>
    public void Add(in GroupFigures other)
    {
        if (Count == 0)
        {
            this = other;
            return;
        }

        if (Scale < other.Scale)
            this = AtScale(other.Scale);

        AddSameScale(Scale == other.Scale ? other : other.AtScale(Scale));
    }

    /// <summary>The same figures at the least scale that holds them all.</summary>
    public readonly GroupFigures Canonical()
    {
        var result = this;
        while (result.Scale > 0 && result.Sum % 10 == 0 && result.Min % 10 == 0 && result.Max % 10 == 0)
        {
            result.Sum /= 10;
            result.Min /= 10;
            result.Max /= 10;
            result.Scale--;
        }

        return result;
    }

    private static StageException TooLarge() => new(FailureReasons.Internal, "the sum of a group's values has more than 38 digits");

    private void AddSameScale(in GroupFigures other)
    {
        try
        {
            Sum = checked(Sum + other.Sum);
        }
        catch (OverflowException)
        {
            throw TooLarge();
        }

        Count += other.Count;
        Min = Int128.Min(Min, other.Min);
        Max = Int128.Max(Max, other.Max);
    }

    private readonly GroupFigures AtScale(int scale)
    {
        var factor = PowersOfTen.Values[scale - Scale];
        try
        {
            return checked(new GroupFigures { Count = Count, Scale = scale, Sum = Sum * factor, Min = Min * factor, Max = Max * factor });
        }
        catch (OverflowException)
        {
            throw TooLarge();
        }
    }
}
