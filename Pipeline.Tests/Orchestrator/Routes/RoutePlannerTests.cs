using Pipeline.Client.Runs;
using Pipeline.Contracts.Broker.V1;
using Pipeline.Orchestrator.Routes;
using Pipeline.Tests.Orchestrator.Fakes;

namespace Pipeline.Tests.Orchestrator.Routes;

public sealed class RoutePlannerTests
{
    private static readonly RunPins NoPins = new([], MayUpgrade: false);
    private readonly FakeRegistry _registry = FakeRegistry.Full();

    [Fact]
    public void Plan_SeveralInstances_TakesTheLongestRegisteredOfTheLeastBusy()
    {
        _registry.Register("parse-1", "parse");
        _registry.Register("parse-2", "parse");
        Assert.Equal("parse-0", Parse(Plan(_ => 0)));
        Assert.Equal("parse-1", Parse(Plan(instance => instance.InstanceId == "parse-0" ? 1 : 0)));
    }

    [Fact]
    public void Plan_InstanceDoesNotFit_TakesAnother()
    {
        _registry.Register("parse-0", "parse", emits: ["tables"]);
        _registry.Register("parse-1", "parse");
        Assert.Equal("parse-1", Parse(Plan(instance => instance.InstanceId == "parse-1" ? 5 : 0)));
    }

    [Fact]
    public void Plan_InstanceDrains_IsNotTaken()
    {
        _registry.Drain("rules-0");
        Assert.Equal("rules", Assert.Single(Assert.IsType<RoutePlan.Missing>(Plan(_ => 0)).Roles));
    }

    [Fact]
    public void Plan_InstanceOfAnotherInterface_IsNotTaken()
    {
        var instances = _registry.Current.Value.Instances.Values.Select(instance =>
            instance.Role == "sink" ? new Instance(instance) { Interface = "other.Service" } : instance);
        var missing = Assert.IsType<RoutePlan.Missing>(RoutePlanner.Plan(FakeRegistry.Roles, instances, NoPins, _ => 0, _ => 0));
        Assert.Equal("sink", Assert.Single(missing.Roles));
    }

    [Fact]
    public void Plan_EmittedKindIsNotAccepted_IsUnfit()
    {
        _registry.Register("parse-0", "parse", emits: ["events", "work_items"]);
        var unfit = Assert.IsType<RoutePlan.Unfit>(Plan(_ => 0));
        Assert.Contains("parse-0 (parse) emits events, work_items, but rules-0 (rules) after it accepts events", unfit.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_RolesWithABridge_KeepsTheirOrder()
    {
        _registry.Register("bridge-0", "bridge", accepts: ["events"], emits: ["events"]);
        string[] roles = ["ingest", "parse", "bridge", "rules", "aggregate", "sink"];
        var found = Assert.IsType<RoutePlan.Found>(RoutePlanner.Plan(roles, _registry.Current.Value.Instances.Values, NoPins, _ => 0, _ => 0));
        Assert.Equal(roles, found.Route.Instances.Select(instance => instance.Role));
    }

    [Theory]
    [InlineData("parse,rules,aggregate,sink", "parse-0 (parse) cannot be the first stage: it reads no input, but accepts lines")]
    [InlineData("ingest,parse,rules", "rules-0 (rules) cannot be the last stage: it keeps no results, but emits events")]
    public void Plan_EndsThatCannotBe_IsUnfit(string roles, string message)
    {
        var plan = RoutePlanner.Plan(roles.Split(','), _registry.Current.Value.Instances.Values, NoPins, _ => 0, _ => 0);

        Assert.Equal(message, Assert.IsType<RoutePlan.Unfit>(plan).Message);
    }

    [Fact]
    public void Plan_SomeInstancesCannotBeTheEnds_TakesThoseThatCan()
    {
        _registry.Register("ingest-1", "ingest", accepts: ["lines"]);
        _registry.Register("sink-1", "sink", emits: ["events"]);

        var plan = Plan(instance => instance.InstanceId is "ingest-0" or "sink-0" ? 5 : 0);

        var route = Assert.IsType<RoutePlan.Found>(plan).Route.Instances;
        Assert.Equal(("ingest-0", "sink-0"), (route[0].InstanceId, route[^1].InstanceId));
    }

    [Theory]
    [InlineData("2.0", "csharp", null)]
    [InlineData("1.0", "node", null)]
    [InlineData("1.0", "csharp", "other options")]
    public void Plan_OnlyAnotherImplementationIsUp_IsMissingUnlessItMayUpgrade(string version, string language, string? digest)
    {
        var pins = PinsOf(_registry.Register("parse-0", "parse"));
        _registry.Register("parse-0", "parse", version: version, language: language, digest: digest);

        var missing = Assert.IsType<RoutePlan.Missing>(Plan(pins));
        Assert.Equal("parse", Assert.Single(missing.Roles));
        Assert.Equal("parse-0", Assert.Single(missing.NotAdmitted).InstanceId);
        Assert.Equal("parse-0", Parse(Plan(pins with { MayUpgrade = true })));
    }

    [Fact]
    public void Plan_SameImplementationInAnotherInstance_IsTaken()
    {
        var pins = PinsOf(_registry.Register("parse-0", "parse", version: "2.0"));
        _registry.Register("parse-0", "parse");
        _registry.Register("parse-1", "parse", version: "2.0");

        Assert.Equal("parse-1", Parse(Plan(pins)));
    }

    [Fact]
    public void Plan_MayUpgradeAndBothAreUp_TakesWhatTheRunBeganWith()
    {
        var pins = PinsOf(_registry.Register("parse-1", "parse", version: "2.0")) with { MayUpgrade = true };

        Assert.Equal("parse-1", Parse(Plan(pins)));
    }

    private static RunPins PinsOf(Instance instance) => new([Implementation.Of(instance)], MayUpgrade: false);

    private RoutePlan Plan(RunPins pins) =>
        RoutePlanner.Plan(FakeRegistry.Roles, _registry.Current.Value.Instances.Values, pins, _ => 0, _ => 0);

    private static string Parse(RoutePlan plan) => Assert.IsType<RoutePlan.Found>(plan).Route.Instances[1].InstanceId;

    private RoutePlan Plan(Func<Instance, int> load) =>
        RoutePlanner.Plan(FakeRegistry.Roles, _registry.Current.Value.Instances.Values, NoPins, _ => 0, load);
}
