using Pipeline.Contracts;
using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Hosting;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Stages.Rules;

var builder = WebApplication.CreateSlimBuilder(HostArguments.WithSettingsOf(args));
builder.AddServiceDefaults();
builder.AddStage(new(
    "rules", Accepts: [BatchKinds.Events, BatchKinds.WorkItems], Emits: [BatchKinds.Events, BatchKinds.WorkItems], context => new RulesStage(context),
    RulesStage.Check));
return await builder.Build().MapDefaultEndpoints().MapStage().RunServiceAsync();
