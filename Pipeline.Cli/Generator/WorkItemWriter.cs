using System.Text;

namespace Pipeline.Cli.Generator;

/// <summary>Draws and writes work items.</summary>
internal sealed class WorkItemWriter
{
    private const int Vectors = 2;
    private const int Iterations = 500;
    private const string Filler = "Lorem ipsum dolor sit amet, consectetur adipiscing elit. ";

    /// <summary>Longest text of a double, with the comma after it: "-1.2345678901234567E-300,".</summary>
    private const int LongestDouble = 26;

    private readonly int _size;
    private readonly byte[] _tail;

    public WorkItemWriter(PayloadSize payload)
    {
        (_size, var repeats) = payload switch
        {
            PayloadSize.Small => (5, 5),
            PayloadSize.Medium => (10, 20),
            _ => (20, 50),
        };
        var text = string.Concat(Enumerable.Repeat(Filler, repeats));
        _tail = Encoding.UTF8.GetBytes($"]}},\"text\":\"{text}\",\"iterations\":{Iterations}}}\n");
        LongestLine = 96 + _tail.Length + ((_size + Vectors) * (16 + (_size * LongestDouble)));
    }

    /// <summary>Bytes that a line has at most.</summary>
    public int LongestLine { get; }

    /// <summary>Writes the line of index <paramref name="index"/>, from 0.</summary>
    public void Write(Utf8LineBuffer line, ref Mulberry32 random, long index)
    {
        line.Append("{\"id\":\"w-"u8);
        line.AppendPadded(index, 6);
        line.Append("\",\"vectors\":["u8);
        WriteRows(line, ref random, Vectors);
        line.Append("],\"matrix\":{\"rows\":["u8);
        WriteRows(line, ref random, _size);
        line.Append(_tail);
    }

    private void WriteRows(Utf8LineBuffer line, ref Mulberry32 random, int rows)
    {
        for (var row = 0; row < rows; row++)
        {
            line.Append(row == 0 ? "{\"values\":["u8 : ",{\"values\":["u8);
            for (var column = 0; column < _size; column++)
            {
                if (column > 0)
                    line.Append((byte)',');

                line.Append(random.Next());
            }

            line.Append("]}"u8);
        }
    }
}
