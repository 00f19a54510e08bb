using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Hosting;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Stages.Ingest;

var builder = WebApplication.CreateSlimBuilder(HostArguments.WithSettingsOf(args));
builder.AddServiceDefaults();
builder.AddStage(IngestStage.Definition);
return await builder.Build().MapDefaultEndpoints().MapStage().RunServiceAsync();
