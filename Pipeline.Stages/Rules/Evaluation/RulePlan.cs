using System.Linq.Expressions;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Rules.Definition;
using Pipeline.Stages.Rules.Expressions;

namespace Pipeline.Stages.Rules.Evaluation;

/// <summary>
/// What of the rules has to be done for the columns that are wanted below, and which columns that takes from above. A set rule
/// whose column nobody reads is left out, unless it can fail: which lines are rejected must not depend on what is grouped by.
/// </summary>
internal sealed class RulePlan
{
    public RulePlan(RuleSet rules, IReadOnlyCollection<string> wanted)
    {
        var last = rules.Slots.GroupBy(slot => slot.Name).ToDictionary(slots => slots.Key, slots => slots.Last());
        Output = [.. wanted.Distinct().Select(name => last[name])];
        var live = Output.ToHashSet();
        foreach (var rule in rules.Rules.Reverse())
        {
            var needed = rule is not SetRule set || live.Remove(set.Target) || rule.Expression.CanFail;
            if (needed)
            {
                Rules.Insert(0, rule);
                live.UnionWith(rule.Expression.Reads);
            }
        }

        ReadsLine = live.Any(slot => slot.Name == ColumnNames.Line);
        if (Rules.Any(rule => rule.Expression.CanFail))
            live.UnionWith(rules.Slots.Where(slot => slot.Name is ColumnNames.Line or ColumnNames.Offset));

        Input = [.. live.OrderBy(slot => slot.Index)];

        HashSet<Expression> lineTexts = [.. rules.Slots.Take(ColumnNames.All.Count).Where(slot => slot.Kind == ColumnKind.Text).Select(slot => slot.Parameter)];
        foreach (var set in rules.Rules.OfType<SetRule>().Where(set => set.Expression.Kind == ColumnKind.Text && MayCopy(set.Expression.Body, lineTexts)))
            lineTexts.Add(set.Target.Parameter);

        Copies = Output.Count(slot => slot.Index >= ColumnNames.All.Count && lineTexts.Contains(slot.Parameter));
    }

    /// <summary>Rules to apply, in order.</summary>
    public List<Rule> Rules { get; } = [];

    /// <summary>Columns to ask for above.</summary>
    public Slot[] Input { get; }

    /// <summary>Columns to hand on.</summary>
    public Slot[] Output { get; }

    /// <summary>Whether anything depends on the number of an event's line, besides where a reject says that it stood.</summary>
    public bool ReadsLine { get; }

    /// <summary>Columns to hand on whose texts are copies of an event's type or user, and may be as long as its line.</summary>
    public int Copies { get; }

    // Joined texts are limited by RuleFunctions.MaxTextLength.
    private static bool MayCopy(Expression text, HashSet<Expression> lineTexts) => text switch
    {
        ConditionalExpression choice => MayCopy(choice.IfTrue, lineTexts) || MayCopy(choice.IfFalse, lineTexts),
        MethodCallExpression { Method.Name: not nameof(RuleFunctions.Concat) } call => MayCopy(call.Arguments[0], lineTexts),
        _ => lineTexts.Contains(text),
    };
}
