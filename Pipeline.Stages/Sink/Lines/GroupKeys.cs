using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Google.Protobuf.Collections;
using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Sink.Lines;

/// <summary>
/// Keys of groups as bytes whose order is that of the results, column by column: text before numbers before booleans; text by its UTF-8
/// bytes, numbers by value, false before true.
/// </summary>
internal static class GroupKeys
{
    private const int MaxScale = 9;
    private const byte Text = 1;
    private const byte Number = 2;
    private const byte Boolean = 3;
    private const byte None = 4;

    /// <summary>Writes a key. None is the beginning of another.</summary>
    public static void Write(IBufferWriter<byte> output, RepeatedField<Scalar> key)
    {
        foreach (var scalar in key)
        {
            switch (scalar.ValueCase)
            {
                case Scalar.ValueOneofCase.Text:
                    output.Write([Text]);
                    WriteText(output, Encoding.UTF8.GetBytes(scalar.Text));
                    break;
                case Scalar.ValueOneofCase.Number:
                    output.Write([Number]);
                    WriteNumber(output, scalar.Number);
                    break;
                case Scalar.ValueOneofCase.Boolean:
                    output.Write([Boolean, scalar.Boolean ? (byte)1 : (byte)0]);
                    break;
                default:
                    output.Write([None]);
                    break;
            }
        }
    }

    // Ends with 0 0, which is below every continuation: a 0 in the text is written as 0 255.
    private static void WriteText(IBufferWriter<byte> output, ReadOnlySpan<byte> text)
    {
        while (text.IndexOf((byte)0) is var zero and >= 0)
        {
            output.Write(text[..zero]);
            output.Write((ReadOnlySpan<byte>)[0, 255]);
            text = text[(zero + 1)..];
        }

        output.Write(text);
        output.Write((ReadOnlySpan<byte>)[0, 0]);
    }

    // At one scale for all, big-endian, the sign bit turned: unsigned comparison gives the order of the values.
    private static void WriteNumber(IBufferWriter<byte> output, Contracts.V1.Decimal number)
    {
        Int128 value = number.Mantissa;
        for (var scale = number.Scale; scale < MaxScale; scale++)
            value *= 10;

        BinaryPrimitives.WriteInt128BigEndian(output.GetSpan(16), value ^ Int128.MinValue);
        output.Advance(16);
    }
}
