using Pipeline.AppHost;
using Pipeline.AppHost.Runs;

namespace Pipeline.Tests.AppHost.Runs;

public sealed class RunFilesTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("runfiles").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Check_ExistingInputAndOutputFolder_AcceptedAndNoFileLeft()
    {
        var input = Path.Combine(_directory, "in.ndjson");
        File.WriteAllText(input, "{}");

        RunFiles.Check(PipelineCommand.Parse(["--input", input, "--output", Path.Combine(_directory, "out.ndjson")]));
        RunFiles.Check(PipelineCommand.Parse(["--input", _directory]));

        Assert.Equal([input], Directory.GetFiles(_directory));
    }

    [Fact]
    public void Check_OutputExists_LeavesItUnchanged()
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
    public void Check_UnusablePath_ThrowsWithTheReason(string option, string path, string reason)
    {
        var command = PipelineCommand.Parse([option, Path.Combine(_directory, path)]);

        Assert.Contains(reason, Assert.Throws<PipelineException>(() => RunFiles.Check(command)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_InputAndOutputAreWrong_BothAreTold()
    {
        var command = PipelineCommand.Parse(["--input", Path.Combine(_directory, "none"), "--output", _directory]);

        var lines = Assert.Throws<PipelineException>(() => RunFiles.Check(command)).Message.Split('\n');

        Assert.Equal(2, lines.Length);
        Assert.EndsWith("does not exist", lines[0], StringComparison.Ordinal);
        Assert.Contains("is a directory", lines[1], StringComparison.Ordinal);
    }
}
