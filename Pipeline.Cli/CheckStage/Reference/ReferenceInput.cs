using Pipeline.Cli.Generator;

namespace Pipeline.Cli.CheckStage.Reference;

/// <summary>Generated events and work items, with blank lines and lines that are rejected among them: the same at every call.</summary>
internal static class ReferenceInput
{
    private const int RejectEvery = 97;
    private const int BlankEvery = 211;

    /// <summary>Writes it.</summary>
    /// <param name="path">Of the file.</param>
    /// <param name="lines">That are generated.</param>
    /// <param name="cancellationToken">Stops between two lines.</param>
    public static void Write(string path, int lines, CancellationToken cancellationToken)
    {
        // Of the most lines it has more than a gigabyte.
        using var generated = new FileStream(
            path + ".generated", FileMode.Create, FileAccess.ReadWrite, FileShare.None, bufferSize: 1 << 16, FileOptions.DeleteOnClose);
        var options = new GeneratorOptions
        {
            Count = lines,
            Workload = Workload.Mixed,
            WorkRatio = 0.02,
            Payload = PayloadSize.Small,
            Distribution = UserDistribution.Zipf,
            Users = 1000,
        };
        LineGenerator.Write(options, generated, null, cancellationToken);
        generated.Position = 0;
        using var reader = new StreamReader(generated);
        using var writer = new StreamWriter(path);
        for (var number = 1; reader.ReadLine() is { } line; number++)
        {
            writer.Write(number % RejectEvery == 0 ? line[..^3] : line);
            writer.Write(number % BlankEvery == 0 ? "\n\n" : "\n");
        }
    }
}
