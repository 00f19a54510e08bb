namespace Pipeline.LocalHost.Processes;

/// <summary>Cuts a process's output into lines, and lines without end into pieces.</summary>
internal static class OutputReader
{
    private const int MaxLine = 16 * 1024;

    /// <summary>Reads until the output ends.</summary>
    /// <param name="reader">The output.</param>
    /// <param name="line">Is told each line, without its end.</param>
    public static async Task ReadAsync(TextReader reader, Action<string> line)
    {
        var buffer = new char[MaxLine];
        var used = 0;
        while (true)
        {
            var read = await reader.ReadAsync(buffer.AsMemory(used));
            if (read == 0)
                break;

            used += read;
            var start = 0;
            while (buffer.AsSpan(start, used - start).IndexOf('\n') is >= 0 and var length)
            {
                line(new string(buffer, start, length).TrimEnd('\r'));
                start += length + 1;
            }

            buffer.AsSpan(start, used - start).CopyTo(buffer);
            used -= start;
            if (used == MaxLine)
            {
                line(new string(buffer));
                used = 0;
            }
        }

        if (used > 0)
            line(new string(buffer, 0, used));
    }
}
