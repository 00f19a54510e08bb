namespace Pipeline.Stages.Rules.Definition;

/// <summary>One mistake in a rules text.</summary>
/// <param name="Rule">Which rule, from 1; 0 = the text as a whole.</param>
/// <param name="Line">Line in the text, from 1.</param>
/// <param name="Column">Column in that line, in characters, from 1.</param>
/// <param name="Message">What is wrong.</param>
public sealed record RuleError(int Rule, int Line, int Column, string Message)
{
    /// <inheritdoc/>
    public override string ToString() =>
        Rule == 0 ? $"line {Line}, column {Column}: {Message}" : $"rule {Rule} (line {Line}, column {Column}): {Message}";
}
