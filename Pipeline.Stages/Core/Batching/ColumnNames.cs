using System.Text;

namespace Pipeline.Stages.Core.Batching;

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

    /// <summary>The name as a string, without allocating one for the usual ones.</summary>
    internal static string Intern(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("type"u8) ? Type
        : name.SequenceEqual("value"u8) ? Value
        : name.SequenceEqual("rule"u8) ? "rule"
        : name.SequenceEqual("user"u8) ? User
        : Encoding.UTF8.GetString(name);
}
