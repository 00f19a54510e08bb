using System.Text.Json;
using Pipeline.Cli;
using Pipeline.Cli.CheckStage;
using Pipeline.Client.Runs;
using Pipeline.ServiceDefaults.Endpoints;
using Pipeline.Stages.Rules;
using Pipeline.Tests.Orchestrator.Fakes;
using Pipeline.Tests.Stages.Core.Runtime;

namespace Pipeline.Tests.Cli.CheckStage;

public sealed class CheckStageCommandTests : CommandTests
{
    [Theory]
    [InlineData(100, 2)]
    [InlineData(100_000, 2)]
    [InlineData(10_000_000, 200)]
    public void Limits_MoreLines_GiveARunMoreTime(int lines, double minutes) =>
        Assert.Equal(TimeSpan.FromMinutes(minutes), new CheckLimits { ReferenceLines = lines }.Reference);

    [Theory]
    [InlineData("ADDRESS must be an http URI of loopback", "http://10.0.0.1:5000", "rules")]
    [InlineData("--role must be 1 to 64 of a-z", "http://127.0.0.1:5000", "")]
    [InlineData("--role must be 1 to 64 of a-z, 0-9 and '-', a letter first, not 'Rules'", "http://127.0.0.1:5000", "Rules")]
    [InlineData("--role must be 1 to 64 of a-z", "http://127.0.0.1:5000", "rules\n")]
    [InlineData("--role: ingest is the first stage", "http://127.0.0.1:5000", "ingest")]
    [InlineData("--role: sink is the last stage", "http://127.0.0.1:5000", "sink")]
    [InlineData("--key: no pipeline is up whose key could be taken", "http://127.0.0.1:5000", "rules")]
    public async Task CheckStage_WrongUse_IsRefused(string error, string address, string role)
    {
        Assert.Equal(ExitCodes.Usage, await CommandAsync("check-stage", address, "--role", role));
        Assert.StartsWith($"error: {error}", Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CheckStage_NoAddress_IsRefused()
    {
        Assert.Equal(ExitCodes.Usage, await CommandAsync("check-stage", "--role", "rules"));
        Assert.Contains("ADDRESS", Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CheckStage_AnotherKey_IsToldAtOnce()
    {
        await using var stage = await StageServer.StartAsync("rules", context => new RulesStage(context));
        Assert.Equal(ExitCodes.Usage, await CommandAsync("check-stage", stage.Address.ToString(), "--role", "rules", "--key", "another"));
        Assert.StartsWith("error: the stage refuses the key", Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CheckStage_KeyThatFitsNoHeader_IsRefused()
    {
        Assert.Equal(ExitCodes.Usage, await CommandAsync("check-stage", "http://127.0.0.1:5000", "--role", "rules", "--key", "key\r"));
        Assert.StartsWith("error: --key: a key, also that in PIPELINE_KEY, is 1 to 512", Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CheckStage_NothingListens_SaysSo()
    {
        var nobody = $"http://127.0.0.1:{FreePort.Find()}";
        Assert.Equal(ExitCodes.Failed, await CommandAsync("check-stage", nobody, "--role", "rules", "--key", Kit.Key));
        Assert.Contains("cannot be reached", Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CheckStage_RoleOfAnotherThanThePipelineKnowsThere_IsRefused()
    {
        await using var served = await ServedOrchestrator.StartAsync();
        var parse = served.Registry.Register("parse-1", "parse");

        Assert.Equal(ExitCodes.Usage, await CommandAsync(served, "check-stage", parse.Address, "--role", "rules"));
        Assert.Equal($"error: --role: the stage at {parse.Address} is registered as parse, not as rules", Assert.Single(Errors));
        Clear();
        // Nobody listens there.
        Assert.Equal(ExitCodes.Failed, await CommandAsync(served, "check-stage", parse.Address, "--role", "parse"));
        Assert.Contains("cannot be reached", Error, StringComparison.Ordinal);
    }

    // A stage that refuses all calls: nothing is waited for.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task CheckStage_StageFails_ReportsAndExitsWithOne(bool json)
    {
        new EndpointFile("http://127.0.0.1:1", "another-key", 1, 1).Write(InFolder("endpoint.json"));
        await using var stage = await PassThroughStage.StartAsync(Fault.None);

        string[] args = ["check-stage", stage.Address.ToString(), "--role", "audit"];
        Assert.Equal(ExitCodes.Failed, await CommandAsync(json ? [.. args, "--json"] : args));

        if (json)
        {
            using var report = JsonDocument.Parse(Output);
            Assert.False(report.RootElement.GetProperty("passed").GetBoolean());
            var open = report.RootElement.GetProperty("checks")[2];
            Assert.Equal("open", open.GetProperty("name").GetString());
            Assert.Equal("fail", open.GetProperty("result").GetString());
            Assert.Equal(ContractText.Opening, open.GetProperty("findings")[0].GetProperty("contract").GetString());
        }
        else
        {
            var lines = Output.Split('\n');
            Assert.Equal(
                [
                    "audit is a role of your own: checked as a stage between rules and aggregate",
                    "pass     health", "pass     key", "FAIL     open", "           sent      OpenRun",
                ],
                lines[..5]);
            Assert.Contains("skipped  route: the stage does not get through a run without input", lines);
            Assert.Equal("2 passed, 1 failed, 29 skipped", lines[^2]);
        }
    }
}
