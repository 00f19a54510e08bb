using Pipeline.Stages.Rules.Expressions;

namespace Pipeline.Stages.Rules.Definition;

/// <summary>One rule, found right.</summary>
/// <param name="Expression">What it evaluates.</param>
internal abstract record Rule(CheckedExpression Expression);

/// <summary>Drops the events for which the expression holds.</summary>
internal sealed record DropRule(CheckedExpression Expression) : Rule(Expression);

/// <summary>Sets a column.</summary>
internal sealed record SetRule(Slot Target, CheckedExpression Expression) : Rule(Expression);
