using System.Text;
using System.Text.Json;
using Pipeline.Cli;

namespace Pipeline.Tests.Cli;

public sealed class MonolithCommandTests : CommandTests
{
    private const string Line = "{\"ts\":\"2026-01-01T00:00:00Z\",\"type\":\"click\",\"user\":\"a\",\"value\":60,\"metadata\":{}}\n";
    private const string Results = "{\"key\":\"click\",\"count\":1,\"sum\":60,\"avg\":60}\n";

    [Fact]
    public async Task Monolith_OutputMinus_WritesTheResultsToStandardOutput()
    {
        var input = Write("in.ndjson", Line + "no\n");

        Assert.Equal(ExitCodes.Ok, await CommandAsync("run", "--monolith", "--input", input, "--output", "-"));

        Assert.Equal(Results, Encoding.UTF8.GetString(Bytes.ToArray()));
        Assert.Contains("rejected: 1 line;", Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Monolith_InputMinus_ReadsStandardInputPlainOrGzip(bool isCompressed)
    {
        var input = Encoding.UTF8.GetBytes(Line + "no\n");
        Input = new MemoryStream(isCompressed ? Gzip.Compress(input) : input);
        var output = InFolder("out.ndjson");

        Assert.Equal(ExitCodes.Ok, await CommandAsync("run", "--monolith", "--input", "-", "--output", output, "--json"));

        Assert.Equal(Results, File.ReadAllText(output));
        Assert.Equal([output, InFolder("out.rejects.ndjson")], Directory.GetFileSystemEntries(Folder).Order(StringComparer.Ordinal));
        using var run = JsonDocument.Parse(Output);
        Assert.Equal("-", run.RootElement.GetProperty("input").GetString());
    }

    [Fact]
    public async Task Monolith_InputAndOutputMinus_IsAFilter()
    {
        Input = new MemoryStream(Encoding.UTF8.GetBytes(Line));
        Assert.Equal(ExitCodes.Ok, await CommandAsync("run", "--monolith", "--input", "-", "--output", "-"));
        Assert.Equal(Results, Encoding.UTF8.GetString(Bytes.ToArray()));
    }

    [Fact]
    public async Task Monolith_InputMinusCannotBeRead_FailsInOneLineAndLeavesNothing()
    {
        Input = new StandardInput(() => throw new IOException("Bad file descriptor"));
        Assert.Equal(ExitCodes.Failed, await CommandAsync("run", "--monolith", "--input", "-", "--output", InFolder("out")));
        Assert.EndsWith("Bad file descriptor", Assert.Single(Errors), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(Folder));
    }

    [Fact]
    public async Task Monolith_CtrlCWhileStandardInputWaits_EndsAtOnce()
    {
        using var interrupt = new CancellationTokenSource();
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Input = new StandardInput(() =>
        {
            interrupt.Cancel();
            ended.Task.Wait();
            return 0;
        });

        var code = CommandLine.RunAsync(
            ["run", "--monolith", "--input", "-", "--output", InFolder("out")], Terminal, Environment, interrupt.Token).WaitAsync(Waiting.Limit);

        Assert.Equal(ExitCodes.Interrupted, await code);
        Assert.Empty(Directory.GetFileSystemEntries(Folder));
        ended.SetResult();
    }

    [Fact]
    public async Task Check_InputMinus_ReadsNothing()
    {
        Input = new StandardInput(() => throw new InvalidOperationException("It was read."));
        Assert.Equal(ExitCodes.Ok, await CommandAsync("run", "--monolith", "--check", "--input", "-", "--output", InFolder("out")));
        Assert.Empty(Directory.GetFileSystemEntries(Folder));
    }

    [Fact]
    public async Task Monolith_OutputExists_IsRefusedUnlessOverwrite()
    {
        var input = Write("in.ndjson", Line);
        var output = Write("out.ndjson", "mine");

        Assert.Equal(ExitCodes.Failed, await CommandAsync("run", "--monolith", "--input", input, "--output", output));
        Assert.Contains("set overwrite", Error, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(output));

        Assert.Equal(ExitCodes.Ok, await CommandAsync("run", "--monolith", "--input", input, "--output", output, "--overwrite"));
        Assert.StartsWith("{\"key\"", File.ReadAllText(output), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Monolith_FolderOfTheOutputIsMissing_IsRefused()
    {
        var input = Write("in.ndjson");
        Assert.Equal(ExitCodes.Usage, await CommandAsync("run", "--monolith", "--input", input, "--output", Path.Combine(Folder, "none", "x.ndjson")));
        Assert.False(Directory.Exists(InFolder("none")));
    }

    [Fact]
    public async Task Check_Monolith_FindsWhatARunWouldAndWritesNothing()
    {
        var (input, output) = (Write("in.ndjson", "no event\n"), InFolder("out.ndjson"));
        Assert.Equal(ExitCodes.Ok, await CommandAsync("run", "--monolith", "--check", "--input", input, "--output", output));
        Assert.Equal(ExitCodes.Ok, await CommandAsync("run", "--monolith", "--check", "--input", input, "--output", "-"));
        Assert.Equal([input], Directory.GetFileSystemEntries(Folder));
        Assert.Empty(Output + Error);

        var rules = Write("rules.json", """{"rules":[{"drop":"nonsense == 1"}]}""");
        Assert.Equal(ExitCodes.Usage, await CommandAsync("run", "--monolith", "--check", "--input", input, "--output", output, "--rules", rules));
        Assert.Contains("unknown column 'nonsense'", Assert.Single(Errors), StringComparison.Ordinal);
        Clear();
        Write("out.ndjson", "mine");
        Assert.NotEqual(ExitCodes.Ok, await CommandAsync("run", "--monolith", "--check", "--input", input, "--output", output));
        Assert.Contains("exists", Assert.Single(Errors), StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(output));
    }

    [Fact]
    public async Task Monolith_WrongRules_IsUsageWithTheirPositions()
    {
        var rules = Write("rules.json", """{"rules":[{"drop":"nonsense == 1"},{"drop":"value <"}]}""");
        Assert.Equal(ExitCodes.Usage, await CommandAsync(
            "run", "--monolith", "--input", Write("in.ndjson"), "--rules", rules, "--output", InFolder("out.ndjson")));
        Assert.Equal(2, Errors.Length);
        Assert.StartsWith("error: --rules line 1, column 20: ", Errors[0], StringComparison.Ordinal);
        Assert.StartsWith("error: --rules line 1, column ", Errors[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Monolith_NoPipelineRunning_WritesKnownResultsAndNoOtherFile()
    {
        var input = InFolder("in.ndjson");
        var output = InFolder("out.ndjson");
        Assert.Equal(ExitCodes.Ok, await CommandAsync("generate", "--count", "100000", "--users", "10000", "--seed", "42", "--output", input));
        Assert.Equal(ExitCodes.Ok, await CommandAsync("run", "--monolith", "--threads", "2", "--input", input, "--output", output));
        Assert.Equal(
            """
            {"key":"click","count":30387,"sum":1672013,"avg":55.02395761345312}
            {"key":"purchase","count":30288,"sum":1656819,"avg":54.702159270998415}

            """,
            File.ReadAllText(output));
        Assert.Equal([input, output], Directory.GetFileSystemEntries(Folder).Order(StringComparer.Ordinal));
        Assert.Contains("39,325 filtered", Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Monolith_CorruptInput_FailsWithTheReasonAndNoOutput()
    {
        var input = Write("in.ndjson.gz", "no gzip");
        Assert.Equal(ExitCodes.Failed, await CommandAsync("run", "--monolith", "--input", input, "--output", InFolder("out")));
        Assert.Contains(Errors, line => line.Contains("input_corrupt", StringComparison.Ordinal));
        Assert.Equal([input], Directory.GetFileSystemEntries(Folder));
    }

    private sealed class StandardInput(Func<int> read) : MemoryStream
    {
        public override int Read(byte[] buffer, int offset, int count) => read();

        public override int Read(Span<byte> buffer) => read();

        public override void CopyTo(Stream destination, int bufferSize) => read();
    }
}
