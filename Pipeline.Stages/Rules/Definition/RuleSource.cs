namespace Pipeline.Stages.Rules.Definition;

/// <summary>A rule as it stands in the text: what to do, not yet checked.</summary>
/// <param name="Number">Which rule, from 1.</param>
/// <param name="Start">Byte offset of the rule in the text.</param>
internal sealed record RuleSource(int Number, int Start)
{
    /// <summary>Its members by name; of one that stands there several times, the last.</summary>
    public Dictionary<string, TextSource> Members { get; } = [];

    /// <summary>Expression of a drop rule.</summary>
    public TextSource? Drop => Members.GetValueOrDefault("drop");

    /// <summary>Column of a set rule.</summary>
    public TextSource? Set => Members.GetValueOrDefault("set");

    /// <summary>Expression of a set rule.</summary>
    public TextSource? To => Members.GetValueOrDefault("to");
}

/// <summary>A string of the text.</summary>
/// <param name="Text">Its value.</param>
/// <param name="Start">Byte offset in the text of what follows its opening quote.</param>
internal sealed record TextSource(string Text, int Start);
