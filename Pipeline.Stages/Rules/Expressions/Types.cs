using System.Globalization;
using System.Linq.Expressions;
using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Rules.Expressions;

/// <summary>The three types of the language of rules.</summary>
internal static class Types
{
    public static Type Of(ColumnKind kind) => kind switch
    {
        ColumnKind.Text => typeof(string),
        ColumnKind.Number => typeof(decimal),
        ColumnKind.Boolean => typeof(bool),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    public static ColumnKind KindOf(Type type) =>
        type == typeof(string) ? ColumnKind.Text
        : type == typeof(decimal) ? ColumnKind.Number
        : type == typeof(bool) ? ColumnKind.Boolean
        : ColumnKind.Unspecified;

    public static string Name(ColumnKind kind) => kind switch
    {
        ColumnKind.Text => "text",
        ColumnKind.Number => "number",
        ColumnKind.Boolean => "boolean",
        _ => "nothing known",
    };
}

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
