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
