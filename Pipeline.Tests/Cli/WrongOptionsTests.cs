using System.Globalization;
using System.Text;
using System.Text.Json;
using Pipeline.Cli;
using Pipeline.Client.Runs;

namespace Pipeline.Tests.Cli;

/// <summary>What is wrong with a command line is told in one go, each option once.</summary>
public sealed class WrongOptionsTests : CommandTests
{
    [Fact]
    public async Task Monolith_OptionsThatItHasNotAndValuesThatCannotBeRead_AreToldTogether() => await RefusesAsync(
        ["--route", "--allow-upgrade", "--partitions", "--detach", "--batch-size"],
        "run", "--monolith", "--input", Write("in.ndjson"), "--output", InFolder("out"),
        "--route", "a,b", "--allow-upgrade", "--partitions", "3", "--detach", "--batch-size", "x");

    [Fact]
    public async Task Monolith_WrongRulesAndOtherWrongOptions_AreToldTogether() => await RefusesAsync(
        ["--rules line 1, column 20: ", "--aggregates", "--output must lie in a directory that exists: ", "--threads"],
        "run", "--monolith", "--input", Write("in.ndjson"), "--rules", Write("rules.json", """{"rules":[{"drop":"nonsense == 1"}]}"""),
        "--aggregates", "median", "--output", InFolder("none/out"), "--threads", "0");

    [Fact]
    public async Task Monolith_UnknownColumn_IsTheOptionsError() => await RefusesAsync(
        ["--group-by unknown column 'nonsense'", "--rate"],
        "run", "--monolith", "--input", Write("in.ndjson"), "--output", InFolder("out"), "--group-by", "nonsense", "--rate", "-1");

    [Fact]
    public async Task Monolith_RulesCannotBeRead_ColumnsThatTheyMightSetAreNotRefused() => await RefusesAsync(
        ["--rules: there is no file "],
        "run", "--monolith", "--input", Write("in.ndjson"), "--output", InFolder("out"), "--group-by", "tier", "--rules", InFolder("none"));

    [Fact]
    public async Task Run_RulesThatAreNotUtf8_AreRefused()
    {
        var latin1 = InFolder("latin1.json");
        await File.WriteAllBytesAsync(latin1, Encoding.Latin1.GetBytes("""{"rules":[{"drop":"type == 'café'"}]}"""));

        await RefusesAsync(
            [$"--rules: {latin1} is not UTF-8"], "run", "--monolith", "--input", Write("in.ndjson"), "--output", InFolder("out"), "--rules", latin1);
    }

    [Fact]
    public async Task Run_UnknownOptionThatBeginsLikeAMissingOne_HidesNothing() => await RefusesAsync(
        ["run has no option --output-x; did you mean --output?", "--output is needed"], "run", "--monolith", "--input", Write("in.ndjson"), "--output-x");

    [Theory]
    [InlineData("frob")]
    [InlineData("--frob")]
    public async Task Root_WhatIsNoCommand_IsNamedAlone(string word) => await RefusesAsync([$"'{word}': a command must come first"], word);

    [Fact]
    public async Task Run_ThreadsWithoutMonolith_IsRefused() => await RefusesAsync(
        ["--threads: only --monolith "], "run", "--input", Write("in.ndjson"), "--threads", "2");

    [LinuxTheory]
    [InlineData("--input", "--input cannot be ", "/proc/none")]
    [InlineData("--output", "--output must be a file", "/tmp/")]
    [InlineData("--rules", "--rules: /tmp is a directory", "/tmp")]
    public async Task Run_WrongPath_IsToldOnce(string option, string error, string path) => await RefusesAsync(
        [error], ["run", .. option == "--input" ? [] : (string[])["--input", Write("in.ndjson")], option, path]);

    [Fact]
    public async Task Monolith_RejectsPathIsADirectory_IsRefused()
    {
        Directory.CreateDirectory(InFolder("out.rejects.ndjson"));
        await RefusesAsync(
            [$"--output cannot have its rejects beside it: {InFolder("out.rejects.ndjson")} is a directory"],
            "run", "--monolith", "--input", Write("in.ndjson"), "--output", InFolder("out.ndjson"));
    }

    [Theory]
    [InlineData("out.ndjson.zst", "--output must end in .gz or in no other compression's extension, not .zst")]
    [InlineData("none/out.ndjson", "--output must lie in a directory that exists: ")]
    [InlineData("", "--output must be a file, not the directory ")]
    public async Task Generate_OutputThatCannotBe_IsRefusedWithWhatElseIsWrong(string name, string error)
    {
        await RefusesAsync([error, "--count"], "generate", "--output", InFolder(name), "--count", "x");
        Assert.Empty(Directory.GetFileSystemEntries(Folder));
    }

    [Theory]
    [InlineData("ROLE|INSTANCE must be ", "stop", "")]
    [InlineData("ROLE must be ", "replace", " ")]
    [InlineData("--with must be ", "replace", "rules", "--with", "")]
    [InlineData("--role must be ", "topology", "--role", "")]
    public async Task Command_NameIsBlank_IsRefusedByItsName(string error, params string[] args) => await RefusesAsync([error], args);

    [Theory]
    [InlineData(true, "error: standard output cannot be written to; is it closed?")]
    [InlineData(false, "error: standard output cannot be written to: No space left")]
    public async Task StandardOutput_CannotBeWritten_IsSaidInPlainWords(bool isClosed, string error)
    {
        Bytes = new Unwritable(isClosed ? new UnauthorizedAccessException("Access to the path is denied.") : new IOException("No space left"));

        Assert.Equal(ExitCodes.Failed, await CommandAsync("generate", "--output", "-"));
        Assert.Equal(ExitCodes.Failed, await CommandAsync(
            "run", "--monolith", "--output", "-", "--input",
            Write("in.ndjson", """{"ts":"2026-01-01T00:00:00Z","type":"click","user":"a","value":60,"metadata":{}}""")));

        Assert.Equal([error, error], Errors);
    }

    [Fact]
    public async Task Monolith_FilesAreSkipped_TheyAreNamedAtOnce()
    {
        Directory.CreateDirectory(InFolder("input"));
        Write("input/a.ndjson");
        Write("input/b.log");

        Assert.Equal(ExitCodes.Ok, await CommandAsync("run", "--monolith", "--input", InFolder("input"), "--output", InFolder("out")));

        Assert.Contains("skipped: b.log", Output.Split('\n'));
        Assert.DoesNotContain("pipeline show", Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--detach: --check starts nothing", "--detach", "--check")]
    [InlineData("--json: a report is either JSON or", "--json", "--markdown")]
    public async Task Run_OptionsThatExcludeEachOther_AreRefused(string error, params string[] options) =>
        await RefusesAsync([error], ["run", "--input", Write("in.ndjson"), .. options]);

    [Theory]
    [InlineData("run has no option --bach-size; did you mean --batch-size?", "run", "--bach-size", "3", "--check")]
    [InlineData("runs has no option --nothing", "runs", "--nothing", "3")]
    [InlineData("run has no option --inptu; did you mean --input?", "run", "--inptu=/home/me/events/of/today.ndjson")]
    [InlineData("run has no option --jsno; did you mean --json?", "run", "--jsno")]
    [InlineData("--markdown must come after run, not before it", "--markdown", "run")]
    [InlineData("top has no option --markdown", "top", "--markdown")]
    [InlineData("show has no option --markdwon; did you mean --markdown?", "show", "--markdwon", "r1")]
    [InlineData("stop has no option --stop-old", "stop", "--stop-old")]
    [InlineData("replace has no option --wiht; did you mean --with?", "replace", "rules", "--wiht", "x")]
    public async Task Command_UnknownOption_IsToldWithoutItsValueAndWithTheNearest(string error, params string[] args) =>
        await RefusesAsync([error], args.Contains("run") ? [.. args, "--input", Write("in.ndjson")] : args);

    [Theory]
    [InlineData("--json: a report is either JSON or", "show", "r", "--markdown", "--json")]
    [InlineData("--json: the lines go to standard output", "generate", "--output", "-", "--json")]
    [InlineData(
        "--passes-through: the results of rules are compared in any case",
        "check-stage", "http://127.0.0.1:1", "--role", "rules", "--key", "k", "--passes-through")]
    public async Task Command_OptionsThatExcludeEachOther_AreRefused(string error, params string[] args) => await RefusesAsync([error], args);

    [Theory]
    [InlineData("10:00")]
    [InlineData("01/02/2026")]
    [InlineData("2026-01-02 10:00:00")]
    [InlineData("2026-1-2")]
    public async Task Generate_StartThatIsNotIso8601_IsRefused(string time) =>
        await RefusesAsync(["--start must be a time such as "], "generate", "--output", "-", "--start", time);

    [Theory]
    [InlineData("2026-01-02", "2026-01-02T00:00:00.000Z")]
    [InlineData("2026-01-02T10:00Z", "2026-01-02T10:00:00.000Z")]
    [InlineData("2026-01-02T10:00:05", "2026-01-02T10:00:05.000Z")]
    [InlineData("2026-01-02T10:00:05.678Z", "2026-01-02T10:00:05.678Z")]
    [InlineData("2026-01-02T10:00:05.678+02:00", "2026-01-02T08:00:05.678Z")]
    public async Task Generate_StartOfIso8601_IsTheClockBeforeTheFirstEvent(string time, string clock)
    {
        Assert.Equal(ExitCodes.Ok, await CommandAsync("generate", "--count", "1", "--output", "-", "--start", time));

        using var line = JsonDocument.Parse(Bytes.ToArray());
        var since = line.RootElement.GetProperty("ts").GetDateTimeOffset() - DateTimeOffset.Parse(clock, CultureInfo.InvariantCulture);
        Assert.InRange(since.TotalMilliseconds, 250, 1_250);
    }

    [Theory]
    [InlineData("runs")]
    [InlineData("run", "--check", "--input", "/")]
    [InlineData("run", "--input", "/")]
    public async Task Command_AddressOfTheEnvironmentIsNone_IsMisuse(params string[] args)
    {
        var code = await CommandLine.RunAsync(args, Terminal, name => name == RunsClient.AddressVariable ? "localhost:5080" : null);

        Assert.Equal(ExitCodes.Usage, code);
        Assert.Equal("error: PIPELINE_ORCHESTRATOR must be an http address, such as http://127.0.0.1:5080, not 'localhost:5080'", Assert.Single(Errors));
    }

    private async Task RefusesAsync(IReadOnlyCollection<string> errors, params string[] args)
    {
        Assert.Equal(ExitCodes.Usage, await CommandAsync(args));
        foreach (var error in errors)
            Assert.Single(Errors, line => line.StartsWith($"error: {error}", StringComparison.Ordinal));
        Assert.Equal(errors.Count, Errors.Length);
    }

    private sealed class Unwritable(Exception reason) : MemoryStream
    {
        // It is opened more than once.
        public override bool CanWrite => true;

        public override void Write(byte[] buffer, int offset, int count) => throw reason;

        public override void Write(ReadOnlySpan<byte> buffer) => throw reason;

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => throw reason;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => throw reason;
    }
}
