using System.Globalization;
using System.Linq.Expressions;
using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Rules.Expressions;

/// <summary>A column as one rule sees it: a built-in one, or what one set rule made. A name that is set again is another slot.</summary>
internal sealed class Slot(int index, string name, ColumnKind kind)
{
    /// <summary>Dense, from 0; built-in columns first.</summary>
    public int Index => index;

    public string Name => name;

    public ColumnKind Kind => kind;

    /// <summary>Stands for the column in checked expressions.</summary>
    public ParameterExpression Parameter { get; } = Expression.Parameter(Types.Of(kind), "c" + index.ToString(CultureInfo.InvariantCulture));

    /// <summary>The slot's index, of its parameter.</summary>
    public static int IndexOf(ParameterExpression parameter) =>
        int.Parse(parameter.Name.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture);

    public override string ToString() => name;
}
