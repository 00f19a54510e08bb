using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Hosting;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Stages.Sink;

var builder = WebApplication.CreateSlimBuilder(HostArguments.WithSettingsOf(args));
builder.AddServiceDefaults();
builder.AddStage(SinkStage.Definition);
return await builder.Build().MapDefaultEndpoints().MapStage().RunServiceAsync();
