using Pipeline.AppHost;

namespace Pipeline.Tests.AppHost;

public class PipelineCommandTests
{
    [Fact]
    public void Parse_EveryOption_IsRead()
    {
        var command = PipelineCommand.Parse(
            ["--input", "in.ndjson", "--output=out.ndjson", "--batch-size", "100", "--exit", "--verbose",
                "--Pipeline:Services:parse:Replicas", "2", "--Pipeline:Demo=false"]);

        Assert.Equal(Path.GetFullPath("in.ndjson"), command.Input);
        Assert.Equal(Path.GetFullPath("out.ndjson"), command.Output);
        Assert.Equal(100, command.BatchSize);
        Assert.True(command.Exit);
        Assert.True(command.Verbose);
        Assert.Equal(["--Pipeline:Services:parse:Replicas=2", "--Pipeline:Demo=false"], command.Configuration);
    }

    [Fact]
    public void Parse_AspirePublishes_WholeCommandLineIsAspires()
    {
        string[] args = ["--operation", "publish", "--step", "systemd", "--output-path", "units", "--Pipeline:Install=/srv"];

        var command = PipelineCommand.Parse(args);

        Assert.True(command.Publishes);
        Assert.Equal(args, command.Configuration);
        Assert.Equal(args, command.ToApplicationOptions().Args![^args.Length..]);
    }

    [Theory]
    [InlineData("--inptu x", "unknown option '--inptu'")]
    [InlineData("file.ndjson", "unknown option 'file.ndjson'")]
    [InlineData("--input", "--input needs a value")]
    [InlineData("--input=", "--input must name a file or a directory")]
    [InlineData("--output=", "--output must name a file")]
    [InlineData("--batch-size -1", "--batch-size must be \"auto\" or a whole number from 0 to 100000, not '-1'")]
    [InlineData("--batch-size 100001", "--batch-size must be \"auto\" or a whole number from 0 to 100000, not '100001'")]
    [InlineData("--exit=yes", "--exit takes no value")]
    [InlineData("--input:x --exit", "unknown option '--input:x'")]
    [InlineData("--Pipline:Data=x", "unknown option '--Pipline:Data=x'")]
    [InlineData(
        "--output= --batch-size x --bogus --exit=yes",
        "--output must name a file\n--batch-size must be \"auto\" or a whole number from 0 to 100000, not 'x'\n"
        + "unknown option '--bogus'\n--exit takes no value")]
    [InlineData("--bogus --input", "unknown option '--bogus'\n--input needs a value")]
    [InlineData("--resume ../x", "--resume must be the id of a run, such as 20260101-120000-ab12, not '../x'")]
    [InlineData(
        "--resume 20260101-120000-ab12 --output x",
        "--resume goes on with the run as it was begun: without --input, --output, --overwrite and --batch-size")]
    public void Parse_UnknownOptionOrWrongValue_TellsTheReason(string line, string reasons) =>
        Assert.Equal($"{reasons}; --help shows the options", string.Join('\n', PipelineCommand.Parse(line.Split(' ')).Errors));

    [Theory]
    [InlineData("", "run --input /sample --batch-size 0")]
    [InlineData("--input /in --output /out --batch-size 7 --exit", "run --input /in --batch-size 7 --output /out")]
    [InlineData("--batch-size auto", "run --input /sample --batch-size 0")]
    [InlineData("--output /out --overwrite", "run --input /sample --batch-size 0 --output /out --overwrite")]
    [InlineData("--resume 20260101-120000-ab12 --exit", "resume 20260101-120000-ab12")]
    public void ToRun_CommandLine_GivesTheArgumentsOfTheRun(string line, string arguments)
    {
        var command = PipelineCommand.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Empty(command.Errors);
        Assert.Equal(arguments, string.Join(' ', command.ToRun("/sample")));
    }

    [Fact]
    public void ToResume_CommandLineWithSecrets_QuotesSettingsAndOmitsTheSecrets()
    {
        var command = PipelineCommand.Parse(
            [
                "--input", "in.ndjson", "--exit", "--Pipeline:Data=my data", "--Pipeline:Key", "secret", "--Pipeline:Roots:0=/it's",
                "--Cluster:ConnectionString=host,password=secret",
            ]);

        Assert.Equal(
            @"dotnet run --project Pipeline.AppHost -- --resume 20260101-120000-ab12 --exit '--Pipeline:Data=my data' '--Pipeline:Roots:0=/it'\''s' "
            + "--Cluster:ConnectionString=...",
            command.ToResume("20260101-120000-ab12"));
    }

    [Theory]
    [InlineData("/repo", "http", null, "dotnet run --project Pipeline.AppHost -- --resume RUN")]
    [InlineData("/repo", "http", "", "dotnet run --project Pipeline.AppHost -- --resume RUN")]
    [InlineData("/repo/samples/node/x", "polyglot", null, "dotnet run --project /repo/Pipeline.AppHost --launch-profile polyglot -- --resume RUN")]
    [InlineData("/tmp/a/b/c/d", "", "/srv/data", "dotnet run --project /repo/Pipeline.AppHost -- --resume RUN --Pipeline:Data=/srv/data")]
    public void ToResume_StartedFromElsewhere_StartsTheSameAgain(string directory, string profile, string? data, string expected)
    {
        var command = PipelineCommand.Parse([])
            .StartedFrom(directory, "/repo/Pipeline.AppHost", name => name == "DOTNET_LAUNCH_PROFILE" ? profile : name == "PIPELINE_DATA" ? data : null);

        Assert.Equal(expected, command.ToResume("RUN"));
    }

    [Theory]
    [InlineData("", false, false)]
    [InlineData("--exit", true, false)]
    [InlineData("--exit --verbose", true, true)]
    public void ToApplicationOptions_ExitAndVerbose_DecideDashboardAndResourceLogs(string line, bool noDashboard, bool output)
    {
        var options = PipelineCommand.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToApplicationOptions();

        Assert.Equal((noDashboard, output), (options.DisableDashboard, options.EnableResourceLogging));
    }
}
