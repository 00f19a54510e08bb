using System.Linq.Expressions;
using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Rules.Expressions;

/// <summary>An expression that was found right.</summary>
/// <param name="Body">Of string, decimal and bool only; columns are the parameters of their slots.</param>
/// <param name="Kind">Of its result.</param>
/// <param name="Reads">Slots that it reads, each once, by index.</param>
/// <param name="CanFail">False: no row can make it fail.</param>
internal sealed record CheckedExpression(Expression Body, ColumnKind Kind, IReadOnlyList<Slot> Reads, bool CanFail);
