using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Pipeline.Client.Channels;
using Pipeline.Client.Views;
using Pipeline.Files;
using Pipeline.ServiceDefaults.Hosting;
using Spectre.Console;

namespace Pipeline.Cli;

/// <summary>Where a command writes.</summary>
internal sealed class Terminal(
    TextWriter output,
    TextWriter error,
    IAnsiConsole? interactive = null,
    Func<Stream>? openOutput = null,
    Func<Stream>? openInput = null,
    string? columns = null)
{
    /// <summary>Name that stands for standard input or output.</summary>
    public const string StandardStream = "-";

    /// <summary>Environment variable: characters in a line where another process, the AppHost, passes the output on to a terminal.</summary>
    private const string ColumnsVariable = "PIPELINE_COLUMNS";

    private readonly int _columns = int.TryParse(columns, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0 ? count : int.MaxValue;

    /// <summary>Standard output and standard error.</summary>
    public static Terminal System { get; } = new(
        Console.Out, Console.Error,
        Console.IsOutputRedirected || Console.IsErrorRedirected || !AnsiConsole.Profile.Capabilities.Ansi ? null : AnsiConsole.Console,
        StandardStreams.OpenOutput, Console.OpenStandardInput, Environment.GetEnvironmentVariable(ColumnsVariable));

    /// <summary>For progress bars; null where it is no terminal, or one that cannot draw them.</summary>
    public IAnsiConsole? Interactive { get; } = interactive;

    /// <summary>What was asked for.</summary>
    public LineWriter Output { get; } = new(output);

    /// <summary>Saves standard input, up to its end, as a file that only its owner may read.</summary>
    /// <param name="path">A file that is not there yet.</param>
    /// <param name="cancellationToken">Ends it early; a read that waits for input goes on in the background.</param>
    /// <exception cref="CliException">It cannot be read, or the file not be written.</exception>
    public async Task SaveInputAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            // Reading a terminal or a pipe cannot be cancelled.
            await Task.Run(Save, CancellationToken.None).WaitAsync(cancellationToken);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCodes.Failed, $"standard input cannot be saved as {path}: {error.Message}", error);
        }

        void Save()
        {
            using var input = openInput?.Invoke() ?? throw new NotSupportedException("There is no standard input.");
            using var file = PrivateFile.OpenWrite(path, FileMode.CreateNew);
            input.CopyTo(file);
        }
    }

    /// <summary>Writes bytes to standard output.</summary>
    /// <exception cref="CliException">It cannot be written to.</exception>
    public async Task WriteBytesAsync(Func<Stream, Task> write)
    {
        try
        {
            await using var output = openOutput?.Invoke() ?? throw new NotSupportedException("There is no standard output for bytes.");
            await write(output);
        }
        catch (UnauthorizedAccessException error)
        {
            // What the system says of a descriptor that is not open for writing.
            throw new CliException(ExitCodes.Failed, StandardStreams.OutputIsClosed, error);
        }
        catch (IOException error)
        {
            throw new CliException(ExitCodes.Failed, $"standard output cannot be written to: {error.Message}", error);
        }
    }

    /// <summary>Errors, and notes beside what was asked for.</summary>
    public LineWriter Error { get; } = new(error);

    /// <summary>Writes JSON on one line.</summary>
    public void WriteJson<T>(T value, JsonTypeInfo<T> type) => Output.WriteLine(JsonSerializer.Serialize(value, type));

    /// <summary>Characters in a line; no limit where it is no terminal.</summary>
    public int Width => Interactive?.Profile.Width ?? _columns;

    /// <summary>Writes columns side by side, as <see cref="Table"/> makes them for <see cref="Width"/>.</summary>
    public void WriteTable(IReadOnlyList<string[]> rows, params ReadOnlySpan<string> dispensable)
    {
        foreach (var line in Table(rows, Width, dispensable))
            Output.WriteLine(line);
    }

    /// <summary>Columns side by side; numbers to the right.</summary>
    /// <param name="rows">The rows; the first one is the head.</param>
    /// <param name="width">Most characters in a line.</param>
    /// <param name="dispensable">Heads of the columns that are left out, one after the other, as long as the lines are longer.</param>
    public static IReadOnlyList<string> Table(IReadOnlyList<string[]> rows, int width, params ReadOnlySpan<string> dispensable)
    {
        const string gap = "  ";
        var columns = rows[0]
            .Select((head, at) => (
                Head: head, At: at, Width: rows.Max(row => row[at].Length), IsRight: rows.Skip(1).All(row => IsNumber(row[at]))))
            .ToList();
        foreach (var head in dispensable)
        {
            if (columns.Sum(column => column.Width + gap.Length) - gap.Length > width)
                columns.RemoveAll(column => column.Head == head);
        }

        return
        [
            .. rows.Select(row => string.Join(gap, columns.Select(column =>
                column.IsRight ? row[column.At].PadLeft(column.Width) : row[column.At].PadRight(column.Width))).TrimEnd()),
        ];
    }

    /// <summary>One line, whatever a file or a peer put into it: a blank for each character that is not <see cref="PeerText.IsFit"/>.</summary>
    public static string OneLine(string text) =>
        string.Concat(text.Select(character => PeerText.IsFit(character) ? character : ' '));

    private static bool IsNumber(string text) => text is "" or Show.Unknown || char.IsAsciiDigit(text[0]) || text[0] == '-';
}

/// <summary>Writes lines, each by <see cref="Terminal.OneLine"/>: texts of files and peers steer no terminal.</summary>
internal sealed class LineWriter(TextWriter writer)
{
    /// <summary>For texts of the program itself alone.</summary>
    public TextWriter Writer => writer;

    /// <summary>Writes one.</summary>
    public void WriteLine(string text = "") => writer.WriteLine(Terminal.OneLine(text));

    /// <summary>What was written leaves the process.</summary>
    public void Flush() => writer.Flush();
}
