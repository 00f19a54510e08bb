using Pipeline.Contracts;

namespace Pipeline.Stages.Bridge.BuiltIn;

/// <summary>What a bridge does that needs no program.</summary>
public enum BuiltInBridge
{
    /// <summary>Logs what passes at every checkpoint, and each batch of events at Debug.</summary>
    Log,

    /// <summary>Rejects events of types and users that are not allowed, and masks texts.</summary>
    Policy,
}

/// <summary>The policy; section "Bridge:Policy".</summary>
public sealed class PolicyOptions
{
    /// <summary>Types that pass; none: all.</summary>
    public List<string> Types { get; set; } = [];

    /// <summary>Users that pass; none: all.</summary>
    public List<string> Users { get; set; } = [];

    /// <summary>Text columns whose values are replaced by "***" for the stages below, such as "user".</summary>
    public List<string> Masked { get; set; } = [];

    /// <summary>What would let pass more than its author means.</summary>
    internal IEnumerable<string> Errors()
    {
        if (Types.Count + Users.Count + Masked.Count == 0)
            yield return $"{nameof(Types)}, {nameof(Users)} or {nameof(Masked)} must have an entry: without any, everything passes";

        if (Types.Concat(Users).Concat(Masked).Any(string.IsNullOrWhiteSpace))
            yield return $"{nameof(Types)}, {nameof(Users)} and {nameof(Masked)} must have no empty entry";

        foreach (var column in Masked)
        {
            if (ColumnNames.All.Except([ColumnNames.Type, ColumnNames.User]).Contains(column))
                yield return $"{nameof(Masked)} names the column '{column}', which is a number: only texts can be masked";
            else if (ColumnNames.All.FirstOrDefault(name => name != column && name.Equals(column, StringComparison.OrdinalIgnoreCase)) is { } meant)
                yield return $"{nameof(Masked)} names the column '{column}': the column is '{meant}'";
        }
    }
}
