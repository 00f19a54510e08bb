using Pipeline.AppHost;

namespace Pipeline.Tests.AppHost;

public class PipelineCommandTests
{
    [Fact]
    public void Reads_every_option()
    {
        var command = PipelineCommand.Parse(
            ["--input", "in.ndjson", "--output=out.ndjson", "--batch-size", "100", "--exit", "--verbose", "--Pipeline:Services:parse:Replicas", "2", "--Pipeline:Demo=false"]);

        Assert.Equal(Path.GetFullPath("in.ndjson"), command.Input);
        Assert.Equal(Path.GetFullPath("out.ndjson"), command.Output);
        Assert.Equal(100, command.BatchSize);
        Assert.True(command.Exit);
        Assert.True(command.Verbose);
        Assert.Equal(["--Pipeline:Services:parse:Replicas=2", "--Pipeline:Demo=false"], command.Configuration);
    }

    [Theory]
    [InlineData("--inptu x", "unknown option '--inptu'")]
    [InlineData("file.ndjson", "unknown option 'file.ndjson'")]
    [InlineData("--input", "--input needs a value")]
    [InlineData("--batch-size -1", "--batch-size must be 0 to 100000, not '-1'")]
    [InlineData("--batch-size 100001", "--batch-size must be 0 to 100000, not '100001'")]
    [InlineData("--exit=yes", "--exit takes no value")]
    public void Refuses_what_it_does_not_know(string line, string reason) =>
        Assert.Equal(reason, Assert.Throws<UsageException>(() => PipelineCommand.Parse(line.Split(' '))).Message);

    [Theory]
    [InlineData("", false, false)]
    [InlineData("--exit", true, false)]
    [InlineData("--exit --verbose", true, true)]
    public void A_run_that_exits_has_no_dashboard_and_shows_the_processes_output_on_demand(string line, bool noDashboard, bool output)
    {
        var options = PipelineCommand.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToApplicationOptions();

        Assert.Equal((noDashboard, output), (options.DisableDashboard, options.EnableResourceLogging));
    }
}
