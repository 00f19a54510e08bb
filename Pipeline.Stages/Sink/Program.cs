using Pipeline.Contracts;
using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Hosting;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Stages.Sink;

var builder = WebApplication.CreateSlimBuilder(HostArguments.WithSettingsOf(args));
builder.AddServiceDefaults();
builder.AddStage(new("sink", Accepts: [BatchKinds.Events, BatchKinds.WorkItems], Emits: [], context => new SinkStage(context)));
return await builder.Build().MapDefaultEndpoints().MapStage().RunServiceAsync();
