using System.Linq.Expressions;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Rules.Evaluation;
using Pipeline.Stages.Rules.Expressions;

namespace Pipeline.Tests.Stages.Rules.Evaluation;

public sealed class ResultColumnTests
{
    [Fact]
    public void TryMake_TextOfDroppedRows_HasACodeWithinTheTable()
    {
        using var evaluator = new ResultEvaluator(Expression.Constant("a"), Outcome.Kept);
        Result[] entries = [.. new[] { "a", "b", "c" }.Select(
            text => new Result(evaluator.Texts.GetOrAdd(System.Text.Encoding.UTF8.GetBytes(text)), 0, Outcome.Kept))];
        var columns = new ResultColumn(new Slot(0, "text", ColumnKind.Text));
        using var all = columns.TryMake<int>(entries, [0, 1, 2], [0, 1, 2], 3, evaluator.Texts)!;
        Assert.Equal([0, 1, 2], all.Data[..3].ToArray().Select(code => (int)code));

        // The third row is dropped, so its text is not in the table of this frame. The other two texts keep the codes one byte wide.
        using var rest = columns.TryMake<int>(entries, [0, 1], [0, 1, 2], 3, evaluator.Texts)!;

        Assert.All(rest.Data[..3].ToArray(), code => Assert.InRange(code, 0, rest.Texts!.Count - 1));
    }
}
