using System.Diagnostics.CodeAnalysis;

namespace Pipeline.Stages.Parse.Shapes;

/// <summary>
/// What many lines have in common: literals and, between them, slots for the scalars that differ. It is learned from a line that was
/// found valid, so a line that has the same literals and a valid scalar in each slot is valid too, whatever its names, order of
/// fields and white space: names, nesting and all structure are in the literals.
/// </summary>
internal sealed unsafe class LineShape
{
    /// <summary>Bytes compared at once; behind each literal there are at least as many.</summary>
    public const int Padding = 32;

    private readonly byte[] _skeleton;
    private readonly byte[]?[] _fixed;

    // Literals one after another, on the pinned heap: steps point into it.
    [SuppressMessage("CodeQuality", "IDE0052", Justification = "Keeps alive what the steps point to.")]
    private byte[] _literals = [];

    private LineShape(byte[] skeleton, byte[]?[] constants)
    {
        _skeleton = skeleton;
        _fixed = constants;
        Steps = Compile();
    }

    /// <summary>A literal and the slot behind it, each; the last slot is <see cref="Slot.End"/>.</summary>
    public Step[] Steps { get; private set; }

    /// <summary>A shape of one line so far: scalars that no column takes count as literals until another line has others.</summary>
    public static LineShape Of(ReadOnlySpan<byte> skeleton, IReadOnlyList<byte[]?> scalars) => new(skeleton.ToArray(), [.. scalars]);

    /// <summary>Widens the shape so that a line of the same skeleton fits.</summary>
    /// <returns>False where the skeleton is another.</returns>
    public bool TryWiden(ReadOnlySpan<byte> skeleton, IReadOnlyList<byte[]?> scalars)
    {
        if (!skeleton.SequenceEqual(_skeleton))
            return false;

        var changed = false;
        for (var i = 0; i < _fixed.Length; i++)
        {
            if (_fixed[i] is { } constant && !(scalars[i] is { } other && constant.AsSpan().SequenceEqual(other)))
            {
                _fixed[i] = null;
                changed = true;
            }
        }

        if (changed)
            Steps = Compile();

        return true;
    }

    private Step[] Compile()
    {
        var bytes = new List<byte>();
        var ends = new List<(int Start, int Length, Slot Slot)>();
        var start = 0;
        var scalar = 0;
        foreach (var one in _skeleton)
        {
            if (one > (byte)Slot.Scalar)
            {
                bytes.Add(one);
            }
            else if (one == (byte)Slot.Scalar && _fixed[scalar++] is { } constant)
            {
                bytes.AddRange(constant);
            }
            else
            {
                ends.Add((start, bytes.Count - start, (Slot)one));
                start = bytes.Count;
            }
        }

        _literals = GC.AllocateArray<byte>(bytes.Count + Padding, pinned: true);
        bytes.CopyTo(_literals);
        fixed (byte* literals = _literals)
        {
            var steps = new Step[ends.Count];
            for (var i = 0; i < steps.Length; i++)
                steps[i] = new Step(literals + ends[i].Start, ends[i].Length, ends[i].Slot);

            return steps;
        }
    }

    /// <summary>A literal and what stands behind it.</summary>
    public readonly struct Step(byte* literal, int length, Slot slot)
    {
        /// <summary>The literal; <see cref="Padding"/> bytes may be read from any of its bytes on.</summary>
        public readonly byte* Literal = literal;

        /// <summary>Bytes of the literal.</summary>
        public readonly int Length = length;

        /// <summary>What follows.</summary>
        public readonly Slot Slot = slot;
    }
}

/// <summary>What stands between two literals of a shape. Values are below 0x20, so that a skeleton can hold them among the bytes of a line.</summary>
internal enum Slot : byte
{
    /// <summary>Nothing: the line ends here.</summary>
    End = 1,

    /// <summary>Content of the string that is the event's ts.</summary>
    Ts,

    /// <summary>Content of the string that is the event's type.</summary>
    Type,

    /// <summary>Content of the string that is the event's user.</summary>
    User,

    /// <summary>The number that is the event's value.</summary>
    Value,

    /// <summary>A string with its quotes, a number, true, false or null that no column takes.</summary>
    Scalar,
}
