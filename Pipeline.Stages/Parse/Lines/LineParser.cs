using System.Text.Json;
using Pipeline.Stages.Parse.Events;

namespace Pipeline.Stages.Parse.Lines;

/// <summary>Says of any line what it is. The whole line is checked first (UTF-8, JSON, surrogates), then its structure, then field by field.</summary>
/// <param name="allowedTypes">Types that an event may have; null = any.</param>
internal sealed class LineParser(TextCodes? allowedTypes)
{
    private byte[] _unescapedType = [];
    private byte[] _unescapedUser = [];

    /// <summary>The fields of the line parsed last.</summary>
    public LineFields Fields { get; } = new();

    /// <summary>Parses a line.</summary>
    /// <param name="line">Without its end, which follows it; <see cref="LineReader.Padding"/> bytes behind that can be read.</param>
    /// <param name="values">The event, where it is one.</param>
    /// <returns>Event, or the reason to reject it; WorkItem: it has the structure of one, and its fields are still to be read.</returns>
    public Verdict Parse(ReadOnlySpan<byte> line, ref EventValues values)
    {
        if (Fields.Read(line) is { } wrong)
            return wrong;

        var eventFields = Count(Field.Ts) + Count(Field.Type) + Count(Field.User) + Count(Field.Value);
        if (eventFields < 4 && (Fields.Has(Field.Vectors) || Fields.Has(Field.Matrix)))
        {
            return Repeated(Field.Id, Field.Vectors, Field.Matrix, Field.Iterations) ? Verdict.DuplicateField
                : Count(Field.Id) + Count(Field.Vectors) + Count(Field.Matrix) < 3 ? Verdict.MissingField
                : Verdict.WorkItem;
        }

        return Repeated(Field.Ts, Field.Type, Field.User, Field.Value) ? Verdict.DuplicateField
            : eventFields < 4 ? Verdict.MissingField
            : ParseEvent(line, ref values);
    }

    private Verdict ParseEvent(ReadOnlySpan<byte> line, ref EventValues values)
    {
        if (!TryText(line, Fields[Field.Ts], ref _unescapedType, out var ts))
            return Verdict.WrongType;

        if (ts.IsEmpty)
            return Verdict.EmptyField;

        if (!Timestamp.TryParse(ts, out values.UnixMillis))
            return Verdict.InvalidTs;

        if (!TryText(line, Fields[Field.Type], ref _unescapedType, out values.Type))
            return Verdict.WrongType;

        if (values.Type.IsEmpty)
            return Verdict.EmptyField;

        if (allowedTypes is not null && !allowedTypes.Contains(values.Type))
            return Verdict.TypeNotAllowed;

        var value = Fields[Field.Value];
        return !TryText(line, Fields[Field.User], ref _unescapedUser, out values.User) || value.Kind != JsonTokenType.Number ? Verdict.WrongType
            : !DecimalNumber.TryParse(line.Slice(value.Start, value.Length), out values.Mantissa, out values.Scale) ? Verdict.ValueOutOfRange
            : Verdict.Event;
    }

    private int Count(Field field) => Fields.Has(field) ? 1 : 0;

    private bool Repeated(params ReadOnlySpan<Field> fields)
    {
        foreach (var field in fields)
        {
            if (Fields.IsRepeated(field))
                return true;
        }

        return false;
    }

    private static bool TryText(ReadOnlySpan<byte> line, FieldValue value, ref byte[] buffer, out ReadOnlySpan<byte> text)
    {
        text = default;
        if (value.Kind != JsonTokenType.String)
            return false;

        text = line.Slice(value.Start, value.Length);
        if (value.Escaped)
            text = JsonEscapes.Unescape(line.Slice(value.Start - 1, value.Length + 2), ref buffer);

        return true;
    }
}
