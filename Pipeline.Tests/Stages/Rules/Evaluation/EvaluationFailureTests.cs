using System.Linq.Expressions;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Rules.Evaluation;
using Pipeline.Stages.Rules.Expressions;

namespace Pipeline.Tests.Stages.Rules.Evaluation;

/// <summary>Only what a rule can cause rejects a line; a defect of the evaluation ends the attempt.</summary>
public sealed class EvaluationFailureTests
{
    private static readonly Slot Flag = new(0, "flag", ColumnKind.Boolean);

    public static TheoryData<Type> Defects => [typeof(NullReferenceException), typeof(IndexOutOfRangeException), typeof(InvalidOperationException)];

    public static TheoryData<Type> Failures => [typeof(DivideByZeroException), typeof(OverflowException)];

    [Theory]
    [MemberData(nameof(Defects))]
    public void ResultEvaluator_ExpressionHitsADefect_Throws(Type defect)
    {
        using var evaluator = new ResultEvaluator(Throwing(defect), Outcome.Kept);
        Assert.Throws(defect, () => evaluator.Evaluate(new Cursor(1), out _));
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public void ResultEvaluator_ExpressionCannotBeComputed_IsFailed(Type failure)
    {
        using var evaluator = new ResultEvaluator(Throwing(failure), Outcome.Kept);
        evaluator.Evaluate(new Cursor(1), out var result);
        Assert.Equal(Outcome.Failed, result.State);
    }

    [Theory]
    [MemberData(nameof(Defects))]
    public void ExpressionStep_ConditionHitsADefect_Throws(Type defect) => Assert.Throws(defect, () => Evaluate(defect));

    [Theory]
    [MemberData(nameof(Failures))]
    public void ExpressionStep_ConditionCannotBeComputed_IsFailed(Type failure) => Assert.Equal(Outcome.Failed, Evaluate(failure));

    private static byte Evaluate(Type exception)
    {
        using var rows = new FrameRows([Flag]);
        using var column = Frames.Flag("flag", [true]);
        rows.Begin(1);
        rows.Bind(Flag, column);
        using var step = new ExpressionStep(Throwing(exception), [Flag], Outcome.Dropped);
        Assert.True(step.TryApply(rows));
        return rows.State[0];
    }

    private static UnaryExpression Throwing(Type exception) => Expression.Throw(Expression.New(exception), typeof(bool));
}
