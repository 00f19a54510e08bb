using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Pipeline.Cli.CheckStage;
using Pipeline.Client.Channels;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Aggregate;
using Pipeline.Stages.Bridge;
using Pipeline.Stages.Bridge.Programs;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Stages.Parse;
using Pipeline.Stages.Rules;
using Pipeline.Tests.ServiceDefaults;
using Pipeline.Tests.Stages.Core.Runtime;

namespace Pipeline.Tests.Cli.CheckStage;

/// <summary>Pipeline's own stages keep the contract.</summary>
public sealed class OwnStagesTests
{
    private static readonly string[] Emits = [BatchKinds.Events, BatchKinds.WorkItems];

    [Fact]
    public Task CheckStage_Parse_PassesAllChecks() => PassesAsync("parse", context => new ParseStage(context));

    [Fact]
    public Task CheckStage_Rules_PassesAllChecks() => PassesAsync("rules", context => new RulesStage(context));

    [Fact]
    public Task CheckStage_Aggregate_PassesAllChecks() => PassesAsync("aggregate", context => new AggregateStage(context));

    [Fact]
    public async Task CheckStage_BridgeWithoutOptions_PassesAllOtherChecks()
    {
        await using var program = await ServiceFixture.StartAsync(map: app => app.MapGrpcService<PassThroughProgram>());
        var options = Options.Create(new BridgeOptions { Role = "audit", Address = program.GrpcAddress.ToString() });
        using var calls = new UserProgram(
            options, program.Get<PipelineChannels>(), TimeProvider.System,
            new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance), NullLogger<UserProgram>.Instance);
        await PassesAsync("audit", context => new BridgeStage(context, calls, options), "options");
    }

    [Fact]
    public async Task CheckStage_WorkDirectories_AreThereUntilTheEnd()
    {
        var folders = new ConcurrentDictionary<string, bool>();
        await using var server = await StageServer.StartAsync("audit", _ => new FolderWitness(folders), Emits);

        (await Kit.CheckAsync(server.Address, "audit")).RequireFailed();

        Assert.True(folders.Count > 1);
        Assert.All(folders, folder => Assert.True(folder.Value, folder.Key));
        Assert.All(folders.Keys, folder => Assert.StartsWith(Path.Combine(Path.GetTempPath(), "pipeline-"), folder, StringComparison.Ordinal));
        Assert.All(folders.Keys, folder => Assert.False(Directory.Exists(folder), folder));
    }

    private static async Task PassesAsync(string role, Func<StageContext, IStage> create, params string[] skipped)
    {
        await using var server = await StageServer.StartAsync(role, create, Emits);
        var outcomes = await Kit.CheckAsync(server.Address, role);

        outcomes.RequireFailed();
        Assert.Equal(
            OperatingSystem.IsLinux() ? skipped : [.. skipped, "ring"],
            outcomes.Where(outcome => outcome.Result == CheckResult.Skipped).Select(outcome => outcome.Name));
    }

    private sealed class FolderWitness(ConcurrentDictionary<string, bool> folders) : ITransform
    {
        public ValueTask<RunOpened> OpenAsync(OpenRun open, RunOpened? below, CancellationToken cancellationToken)
        {
            folders[open.Options.WorkDirectory] = Directory.Exists(open.Options.WorkDirectory);
            return ValueTask.FromResult(below!);
        }

        public ValueTask ProcessAsync(Frame frame, IFrameOutput output, CancellationToken cancellationToken) => output.WriteAsync(frame, cancellationToken);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
