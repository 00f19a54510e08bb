using Pipeline.AppHost;
using Pipeline.AppHost.Runs;

namespace Pipeline.Tests.AppHost.Runs;

public sealed class RunFilesTests : FolderTests
{
    [Fact]
    public void ErrorsOf_ExistingInputAndOutputFolder_EmptyAndNoFileLeft()
    {
        var input = Write("in.ndjson", "{}");

        Assert.Empty(RunFiles.ErrorsOf(PipelineCommand.Parse(["--input", input, "--output", InFolder("out.ndjson")])));
        Assert.Empty(RunFiles.ErrorsOf(PipelineCommand.Parse(["--input", Folder])));
        Assert.Equal([input], Directory.GetFiles(Folder));
    }

    [Fact]
    public void ErrorsOf_OutputExists_LeavesItUnchanged()
    {
        var output = Write("out.ndjson", "before");

        Assert.Empty(RunFiles.ErrorsOf(PipelineCommand.Parse(["--output", output])));
        Assert.Equal("before", File.ReadAllText(output));
    }

    [Theory]
    [InlineData("--input", "missing.ndjson", "--input cannot be read: there is no file or directory ")]
    [InlineData("--output", "missing/out.ndjson", "--output must lie in a directory that exists")]
    [InlineData("--output", ".", "--output must be a file, not the directory ")]
    public void ErrorsOf_UnusablePath_TellsTheReason(string option, string path, string reason)
    {
        var command = PipelineCommand.Parse([option, InFolder(path)]);

        Assert.Contains(reason, Assert.Single(RunFiles.ErrorsOf(command)), StringComparison.Ordinal);
    }

    [UnixFact]
    public void ErrorsOf_DirectoryWithAColon_IsRefusedForBoth()
    {
        var directory = Directory.CreateDirectory(InFolder("2026-01-01T10:00")).FullName;
        File.WriteAllText(Path.Combine(directory, "in.ndjson"), "{}");

        Assert.Equal(
            [
                $"--input cannot be in '{directory}': ':' separates the roots in PIPELINE_ROOTS; rename the directory, or name a link to it",
                $"--output cannot be in '{directory}': ':' separates the roots in PIPELINE_ROOTS; rename the directory, or name a link to it",
            ],
            RunFiles.ErrorsOf(PipelineCommand.Parse(["--input", Path.Combine(directory, "in.ndjson"), "--output", Path.Combine(directory, "out.ndjson")])));
    }

    [Fact]
    public void ErrorsOf_OutputIsTheInputOrWouldBeReadAsInput_TellsSo()
    {
        var input = Write("in.ndjson", "{}");

        Assert.Equal(
            ["--output must not be the input, nor may the rejects beside it"],
            RunFiles.ErrorsOf(PipelineCommand.Parse(["--input", input, "--output", input])));
        Assert.StartsWith(
            "--output must not lie in the input directory",
            Assert.Single(RunFiles.ErrorsOf(PipelineCommand.Parse(["--input", Folder, "--output", InFolder("out.ndjson")]))),
            StringComparison.Ordinal);
    }

    [Fact]
    public void ErrorsOf_InputAndOutputAreWrong_TellsBoth()
    {
        var command = PipelineCommand.Parse(["--input", InFolder("none"), "--output", Folder]);

        Assert.Collection(
            RunFiles.ErrorsOf(command),
            error => Assert.StartsWith("--input cannot be read: there is no", error, StringComparison.Ordinal),
            error => Assert.StartsWith("--output must be a file", error, StringComparison.Ordinal));
    }
}
