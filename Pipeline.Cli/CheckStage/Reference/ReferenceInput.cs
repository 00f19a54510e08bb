using Pipeline.Cli.Generator;

namespace Pipeline.Cli.CheckStage.Reference;

/// <summary>
/// Generated events and work items, with blank lines and lines that are rejected among them, in a directory of several files: the same at every call.
/// The values of a file need as many bytes as its name says, so that batches, each of one file, have columns of every width, sign and scale.
/// </summary>
internal static class ReferenceInput
{
    private const int RejectEvery = 97;
    private const int BlankEvery = 211;
    private const string Value = "\"value\":";

    // What stands before a whole number from 1 to 100; in turn.
    private static readonly (string File, string[] Before)[] Files =
    [
        ("1.ndjson", ["", "-"]),
        ("2.ndjson", ["", "-", "10.", "-1.", "250."]),
        ("4.ndjson", ["12345", "-12345", "0.", "-9.", ""]),
        ("8.ndjson", ["1234567", "123456.123", "-0.000012", "-1.1234567", "8."]),
    ];

    /// <summary>Writes it.</summary>
    /// <param name="folder">Of the files; it is made.</param>
    /// <param name="lines">That are generated.</param>
    /// <param name="cancellationToken">Stops between two lines.</param>
    public static void Write(string folder, int lines, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        // Of the most lines it has more than a gigabyte.
        using var generated = new FileStream(
            folder + ".generated", FileMode.Create, FileAccess.ReadWrite, FileShare.None, bufferSize: 1 << 16, FileOptions.DeleteOnClose);
        var options = new GeneratorOptions
        {
            Count = lines,
            Workload = Workload.Mixed,
            WorkRatio = 0.02,
            Payload = PayloadSize.Small,
            Distribution = UserDistribution.Zipf,
            Users = 10_000,
        };
        LineGenerator.Write(options, generated, null, cancellationToken);
        generated.Position = 0;
        using var reader = new StreamReader(generated);
        for (var (file, number) = (0, 1); file < Files.Length; file++)
        {
            var (name, before) = Files[file];
            using var writer = new StreamWriter(Path.Combine(folder, name));
            for (; number <= (file + 1L) * lines / Files.Length && reader.ReadLine() is { } line; number++)
            {
                var changed = line.Replace(Value, Value + before[number % before.Length], StringComparison.Ordinal);
                writer.Write(number % RejectEvery == 0 ? changed[..^3] : changed);
                writer.Write(number % BlankEvery == 0 ? "\n\n" : "\n");
            }
        }
    }
}
