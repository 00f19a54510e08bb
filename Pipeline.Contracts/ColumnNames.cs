namespace Pipeline.Contracts;

/// <summary>Names of the columns that Parse can give.</summary>
public static class ColumnNames
{
    /// <summary>Text: the event's type.</summary>
    public const string Type = "type";

    /// <summary>Text: the event's user.</summary>
    public const string User = "user";

    /// <summary>Number: the event's time, Unix milliseconds.</summary>
    public const string Timestamp = "ts";

    /// <summary>Number: the event's value.</summary>
    public const string Value = "value";

    /// <summary>Number: the event's line in the input, from 1.</summary>
    public const string Line = "line";

    /// <summary>Number: offset of that line in its uncompressed file, bytes.</summary>
    public const string Offset = "offset";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Type, User, Timestamp, Value, Line, Offset];
}
