using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Core.Groups;

/// <summary>Figures to and from the contract's Group; keys are set by the caller.</summary>
public static class GroupMessages
{
    /// <summary>Figures as a message without a key.</summary>
    public static Group ToMessage(in GroupFigures figures) => new()
    {
        Count = figures.Count,
        Scale = figures.Scale,
        SumHigh = High(figures.Sum),
        SumLow = (ulong)figures.Sum,
        MinHigh = High(figures.Min),
        MinLow = (ulong)figures.Min,
        MaxHigh = High(figures.Max),
        MaxLow = (ulong)figures.Max,
    };

    /// <summary>The figures of a message.</summary>
    /// <returns>Null where no group can have such figures.</returns>
    public static GroupFigures? FiguresOf(Group group) => group.Count < 1 || group.Scale is < 0 or > 9 ? null : new GroupFigures
    {
        Count = group.Count,
        Scale = group.Scale,
        Sum = Wide(group.SumHigh, group.SumLow),
        Min = Wide(group.MinHigh, group.MinLow),
        Max = Wide(group.MaxHigh, group.MaxLow),
    };

    private static long High(Int128 value) => (long)(value >> 64);

    private static Int128 Wide(long high, ulong low) => new((ulong)high, low);
}
