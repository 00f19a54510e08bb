using Pipeline.Contracts;
using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Hosting;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Stages.Ingest;

var builder = WebApplication.CreateSlimBuilder(HostArguments.WithSettingsOf(args));
builder.AddServiceDefaults();
builder.AddStage(new("ingest", Accepts: [], Emits: [BatchKinds.Lines], context => new IngestStage(context)));
return await builder.Build().MapDefaultEndpoints().MapStage().RunServiceAsync();
