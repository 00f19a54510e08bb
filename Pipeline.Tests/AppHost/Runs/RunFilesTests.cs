using Pipeline.AppHost;
using Pipeline.AppHost.Runs;

namespace Pipeline.Tests.AppHost.Runs;

public sealed class RunFilesTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("runfiles").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Accepts_files_and_directories_that_are_there_and_leaves_nothing_behind()
    {
        var input = Path.Combine(_directory, "in.ndjson");
        File.WriteAllText(input, "{}");

        RunFiles.Check(PipelineCommand.Parse(["--input", input, "--output", Path.Combine(_directory, "out.ndjson")]));
        RunFiles.Check(PipelineCommand.Parse(["--input", _directory]));

        Assert.Equal([input], Directory.GetFiles(_directory));
    }

    [Fact]
    public void An_existing_output_is_not_touched()
    {
        var output = Path.Combine(_directory, "out.ndjson");
        File.WriteAllText(output, "before");

        RunFiles.Check(PipelineCommand.Parse(["--output", output]));

        Assert.Equal("before", File.ReadAllText(output));
    }

    [Theory]
    [InlineData("--input", "missing.ndjson", "does not exist")]
    [InlineData("--output", "missing/out.ndjson", "its directory does not exist")]
    [InlineData("--output", ".", "is a directory")]
    public void Says_what_is_wrong_with_a_path(string option, string path, string reason)
    {
        var command = PipelineCommand.Parse([option, Path.Combine(_directory, path)]);

        Assert.Contains(reason, Assert.Throws<PipelineException>(() => RunFiles.Check(command)).Message, StringComparison.Ordinal);
    }
}
