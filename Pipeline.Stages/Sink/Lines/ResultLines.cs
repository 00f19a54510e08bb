using System.Buffers;
using System.Text.Unicode;
using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Sink.Lines;

/// <summary>The lines of the results and rejects files, to the byte.</summary>
internal static class ResultLines
{
    /// <summary>A group, with min and max where they are asked for.</summary>
    public static void Write(IBufferWriter<byte> output, Group group, bool withMin, bool withMax)
    {
        output.Write("{\"key\":"u8);
        if (group.Key.Count == 1)
        {
            Write(output, group.Key[0]);
        }
        else
        {
            output.Write("["u8);
            for (var index = 0; index < group.Key.Count; index++)
            {
                output.Write(index == 0 ? ""u8 : ","u8);
                Write(output, group.Key[index]);
            }

            output.Write("]"u8);
        }

        var sum = new Int128((ulong)group.SumHigh, group.SumLow);
        output.Write(",\"count\":"u8);
        JsonText.WriteNumber(output, group.Count);
        output.Write(",\"sum\":"u8);
        JsonText.WriteDecimal(output, sum, group.Scale);
        output.Write(",\"avg\":"u8);
        JsonText.WriteNumber(output, ExactAverage.Of(sum, group.Scale, group.Count));
        if (withMin)
        {
            output.Write(",\"min\":"u8);
            JsonText.WriteDecimal(output, new Int128((ulong)group.MinHigh, group.MinLow), group.Scale);
        }

        if (withMax)
        {
            output.Write(",\"max\":"u8);
            JsonText.WriteDecimal(output, new Int128((ulong)group.MaxHigh, group.MaxLow), group.Scale);
        }

        output.Write("}\n"u8);
    }

    /// <summary>A work item.</summary>
    public static void Write(IBufferWriter<byte> output, WorkItem item)
    {
        output.Write("{\"workItemId\":"u8);
        JsonText.WriteString(output, item.Id);
        output.Write(",\"vectorChecksum\":"u8);
        JsonText.WriteNumber(output, item.VectorChecksum);
        output.Write(",\"score\":"u8);
        JsonText.WriteNumber(output, item.Score);
        output.Write(",\"finalScore\":"u8);
        JsonText.WriteNumber(output, item.FinalScore);
        output.Write("}\n"u8);
    }

    /// <summary>A rejected line.</summary>
    public static void Write(IBufferWriter<byte> output, Reject reject)
    {
        output.Write("{\"line\":"u8);
        JsonText.WriteNumber(output, reject.Line);
        output.Write(",\"offset\":"u8);
        JsonText.WriteNumber(output, reject.Offset);
        if (reject.File.Length > 0)
        {
            output.Write(",\"file\":"u8);
            JsonText.WriteString(output, reject.File);
        }

        output.Write(",\"reason\":"u8);
        JsonText.WriteString(output, reject.Reason);
        var raw = reject.Raw.Span;
        if (raw.Length > 0 && Utf8.IsValid(raw))
        {
            output.Write(",\"raw\":"u8);
            JsonText.WriteString(output, raw);
        }
        else if (raw.Length > 0)
        {
            output.Write(",\"rawBase64\":\""u8);
            var encoded = output.GetSpan(System.Buffers.Text.Base64.GetMaxEncodedToUtf8Length(raw.Length));
            _ = System.Buffers.Text.Base64.EncodeToUtf8(raw, encoded, out _, out var written);
            output.Advance(written);
            output.Write("\""u8);
        }

        output.Write("}\n"u8);
    }

    private static void Write(IBufferWriter<byte> output, Scalar scalar)
    {
        switch (scalar.ValueCase)
        {
            case Scalar.ValueOneofCase.Text:
                JsonText.WriteString(output, scalar.Text);
                break;
            case Scalar.ValueOneofCase.Number:
                JsonText.WriteDecimal(output, scalar.Number.Mantissa, scalar.Number.Scale);
                break;
            case Scalar.ValueOneofCase.Boolean:
                output.Write(scalar.Boolean ? "true"u8 : "false"u8);
                break;
            default:
                output.Write("null"u8);
                break;
        }
    }
}
