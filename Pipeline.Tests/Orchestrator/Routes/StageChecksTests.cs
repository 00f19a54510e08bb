using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Client.Channels;
using Pipeline.Client.Runs;
using Pipeline.Contracts.V1;
using Pipeline.Orchestrator.Routes;
using Pipeline.Orchestrator.Runs;
using Pipeline.Tests.Broker;
using Pipeline.Tests.Orchestrator.Fakes;
using Pipeline.Tests.ServiceDefaults;

namespace Pipeline.Tests.Orchestrator.Routes;

public sealed class StageChecksTests : IAsyncLifetime
{
    private readonly FakeRegistry _registry = new();
    private readonly InstanceLoad _load = new();
    private readonly PipelineChannels _channels = BrokerFixture.ChannelsWithKey(BrokerFixture.Key);
    private readonly List<ServiceFixture> _stages = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        _channels.Dispose();
        foreach (var stage in _stages)
            await stage.DisposeAsync();
    }

    [Fact]
    public async Task CheckAsync_SeveralInstances_AsksTheOneThatARunWouldTake()
    {
        await RegisterAsync("rules-1");
        await RegisterAsync("rules-0");
        Assert.Equal("rules-1", await AskedAsync());

        using var attempt = _load.Take(new StageRoute([_registry.Current.Value.Instances["rules-1"]]));
        Assert.Equal("rules-0", await AskedAsync());
    }

    [Fact]
    public async Task CheckAsync_InstanceOfAnotherInterface_IsNotAsked()
    {
        await RegisterAsync("rules-0", "other.Service");
        await RegisterAsync("rules-1");

        Assert.Equal("rules-1", await AskedAsync());
    }

    [Theory]
    [InlineData("ingest,parse,aggregate,sink", true)]
    [InlineData("ingest,parse,rules,aggregate,sink", false)]
    [InlineData("ingest,parse,filter,aggregate,sink", false)]
    [InlineData("", false)]
    public async Task CheckAsync_RulesThatNoStageOfTheRouteTakes_AreRefused(string route, bool isRefused)
    {
        var settings = new RunSettings { Input = "/in", Rules = "{}", Route = route.Split(',', StringSplitOptions.RemoveEmptyEntries) };

        var errors = await NewChecks().CheckAsync(settings, CancellationToken.None);

        Assert.Equal(
            isRefused
                ? [new("rules", $"must not be given: no stage of the route {route} takes rules; add the role rules to it, or give none")]
                : (FieldError[])[],
            errors);
        settings.Rules = null;
        Assert.Empty(await NewChecks().CheckAsync(settings, CancellationToken.None));
    }

    [Fact]
    public async Task Missing_RolesWithoutInstance_AreNamed()
    {
        await RegisterAsync("rules-0");

        Assert.Equal(["ingest", "parse", "aggregate", "sink"], NewChecks().Missing(new RunSettings { Input = "/in" }));
    }

    private StageChecks NewChecks() => new(_registry, _channels, _load, new CoordinatorOptions());

    private async Task<string> AskedAsync()
    {
        var checks = NewChecks();
        return Assert.Single(await checks.CheckAsync(new RunSettings { Input = "/in", Route = ["rules"] }, CancellationToken.None)).Message;
    }

    private async Task RegisterAsync(string id, string? @interface = null)
    {
        _stages.Add(await ServiceFixture.StartAsync(
            builder => builder.Services.AddSingleton(new NamedStage(id)), app => app.MapGrpcService<NamedStage>()));
        var instance = _registry.Register(id, "rules");
        instance.Address = _stages[^1].GrpcAddress.GetLeftPart(UriPartial.Authority);
        instance.Interface = @interface ?? instance.Interface;
    }

    /// <summary>Refuses all options, in its own name.</summary>
    private sealed class NamedStage(string name) : Stage.StageBase
    {
        public override Task<CheckResponse> Check(CheckRequest request, ServerCallContext context) =>
            Task.FromResult(new CheckResponse { Errors = { new OptionError { Option = "rules", Message = name } } });
    }
}
