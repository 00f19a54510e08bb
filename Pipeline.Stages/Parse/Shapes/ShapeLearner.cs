using System.Text.Json;
using Pipeline.Stages.Parse.Lines;

namespace Pipeline.Stages.Parse.Shapes;

/// <summary>Takes a line apart into what a shape is made of.</summary>
internal sealed class ShapeLearner
{
    private const int MaxSkeleton = 4096;
    private const int MaxScalars = 64;

    // Longer ones are taken for texts of their own line from the start.
    private const int LongestConstant = 64;
    private readonly List<byte[]?> _scalars = [];
    private readonly byte[] _skeleton = new byte[MaxSkeleton];
    private int _length;

    /// <summary>The line with each slot in place of its scalar.</summary>
    public ReadOnlySpan<byte> Skeleton => _skeleton.AsSpan(0, _length);

    /// <summary>The scalars that no column takes, in their order; null for those that no other line will have.</summary>
    public IReadOnlyList<byte[]?> Scalars => _scalars;

    /// <summary>Takes a line apart.</summary>
    /// <param name="line">An event.</param>
    /// <param name="fields">Where its fields are.</param>
    /// <returns>False where it is too long to be worth it.</returns>
    public bool TryRead(ReadOnlySpan<byte> line, LineFields fields)
    {
        _scalars.Clear();
        _length = 0;
        var copied = 0;
        var reader = new Utf8JsonReader(line, new JsonReaderOptions { MaxDepth = LineFields.MaxDepth });
        while (reader.Read())
        {
            if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null))
                continue;

            var start = (int)reader.TokenStartIndex;
            var end = (int)reader.BytesConsumed;
            var slot = SlotOf(start, reader.TokenType, fields);
            if (slot == Slot.Scalar)
            {
                _scalars.Add(end - start <= LongestConstant ? line[start..end].ToArray() : null);
            }
            else if (reader.TokenType == JsonTokenType.String)
            {
                start++;
                end--;
            }

            if (_scalars.Count > MaxScalars || !TryAppend(line[copied..start], slot))
                return false;

            copied = end;
        }

        return TryAppend(line[copied..], Slot.End);
    }

    private static Slot SlotOf(int start, JsonTokenType kind, LineFields fields)
    {
        var content = kind == JsonTokenType.String ? start + 1 : start;
        return content == fields[Field.Ts].Start ? Slot.Ts
            : content == fields[Field.Type].Start ? Slot.Type
            : content == fields[Field.User].Start ? Slot.User
            : content == fields[Field.Value].Start ? Slot.Value
            : Slot.Scalar;
    }

    private bool TryAppend(ReadOnlySpan<byte> literal, Slot slot)
    {
        if (_length + literal.Length >= MaxSkeleton)
            return false;

        // A line may hold tabs and carriage returns between its tokens; both are above the last slot.
        literal.CopyTo(_skeleton.AsSpan(_length));
        _length += literal.Length;
        _skeleton[_length++] = (byte)slot;
        return true;
    }
}
