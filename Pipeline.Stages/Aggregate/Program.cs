using Pipeline.Contracts;
using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Hosting;
using Pipeline.Stages.Aggregate;
using Pipeline.Stages.Core.Runtime;

var builder = WebApplication.CreateSlimBuilder(HostArguments.WithSettingsOf(args));
builder.AddServiceDefaults();
builder.AddStage(new(
    "aggregate", Accepts: [BatchKinds.Events, BatchKinds.WorkItems], Emits: [BatchKinds.Events, BatchKinds.WorkItems], context => new AggregateStage(context)));
return await builder.Build().MapDefaultEndpoints().MapStage().RunServiceAsync();
