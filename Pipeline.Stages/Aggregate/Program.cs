using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Hosting;
using Pipeline.Stages.Aggregate;
using Pipeline.Stages.Core.Runtime;

var builder = WebApplication.CreateSlimBuilder(HostArguments.WithSettingsOf(args));
builder.AddServiceDefaults();
builder.AddStage(AggregateStage.Definition);
return await builder.Build().MapDefaultEndpoints().MapStage().RunServiceAsync();
