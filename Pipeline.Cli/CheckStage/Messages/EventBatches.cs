using System.Buffers.Binary;
using System.Text;
using Google.Protobuf;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;

namespace Pipeline.Cli.CheckStage.Messages;

/// <summary>Event batches whose values follow from the line: types in turn, ten users, values from 0 to 99.</summary>
internal static class EventBatches
{
    private const long FirstTime = 1_767_225_600_000;
    private static readonly string[] Types = ["click", "view", "purchase"];

    /// <summary>Type of the event in a line.</summary>
    public static string TypeOf(long line) => Types[line % Types.Length];

    /// <summary>User of the event in a line.</summary>
    public static string UserOf(long line) => $"u{line % 10}";

    /// <summary>Value of the event in a line.</summary>
    public static long ValueOf(long line) => line * 7 % 100;

    /// <summary>File of a line: each has a hundred, which are numbered on from one to the next.</summary>
    public static string FileOf(long line) => $"{(line - 1) / 100}.ndjson";

    /// <summary>Events of successive lines of one file.</summary>
    /// <param name="columns">That the stage asked for.</param>
    /// <param name="first">Line of the first.</param>
    /// <param name="count">How many.</param>
    public static EventBatch Of(IEnumerable<string> columns, long first, int count)
    {
        var batch = new EventBatch { Count = count, File = FileOf(first) };
        var lines = Enumerable.Range(0, count).Select(row => first + row).ToArray();
        batch.Columns.Add(columns.Distinct().Select(name => name switch
        {
            ColumnNames.Type => Text(name, lines, TypeOf),
            ColumnNames.User => Text(name, lines, UserOf),
            ColumnNames.Timestamp => Number(name, lines, line => FirstTime + line),
            ColumnNames.Value => Number(name, lines, ValueOf),
            ColumnNames.Line => Number(name, lines, line => line),
            ColumnNames.Offset => Number(name, lines, line => line * 100),
            // Set by a stage above: of no meaning here.
            _ => Text(name, lines, _ => ""),
        }));
        return batch;
    }

    /// <summary>Sees that each column of a batch has as many bytes as its width says.</summary>
    /// <exception cref="UnexpectedException">One has not.</exception>
    public static void RequireWhole(CheckRun run, string sent, EventBatch batch)
    {
        run.Step(sent, "columns of count * width bytes at the hop below", ContractText.ColumnData);
        foreach (var column in batch.Columns)
        {
            if (column.Width is not (0 or 1 or 2 or 4 or 8) || column.Data.Length != column.Width * (long)batch.Count)
            {
                throw new UnexpectedException(
                    $"{batch.Count} events, and the column {column.Name} of width {column.Width} with {column.Data.Length} bytes");
            }
        }
    }

    /// <summary>The whole numbers of a column, which is whole.</summary>
    public static IEnumerable<long> Numbers(Column column, int count) => Enumerable.Range(0, count).Select(row => column.Width switch
    {
        0 => 0L,
        1 => (sbyte)column.Data[row],
        2 => BinaryPrimitives.ReadInt16LittleEndian(column.Data.Span[(row * 2)..]),
        4 => BinaryPrimitives.ReadInt32LittleEndian(column.Data.Span[(row * 4)..]),
        _ => BinaryPrimitives.ReadInt64LittleEndian(column.Data.Span[(row * 8)..]),
    });

    private static Column Number(string name, long[] lines, Func<long, long> value)
    {
        var data = new byte[lines.Length * sizeof(long)];
        for (var row = 0; row < lines.Length; row++)
            BinaryPrimitives.WriteInt64LittleEndian(data.AsSpan(row * sizeof(long)), value(lines[row]));
        return new Column { Name = name, Kind = ColumnKind.Number, Width = sizeof(long), Data = UnsafeByteOperations.UnsafeWrap(data) };
    }

    private static Column Text(string name, long[] lines, Func<long, string> value)
    {
        var texts = lines.Select(value).Distinct().ToList();
        var codes = lines.Select(line => (byte)texts.IndexOf(value(line))).ToArray();
        return new Column
        {
            Name = name,
            Kind = ColumnKind.Text,
            Width = 1,
            Data = UnsafeByteOperations.UnsafeWrap(codes),
            Texts = { texts.Select(text => ByteString.CopyFrom(text, Encoding.UTF8)) },
        };
    }
}
