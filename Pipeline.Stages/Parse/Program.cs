using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Hosting;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Stages.Parse;

var builder = WebApplication.CreateSlimBuilder(HostArguments.WithSettingsOf(args));
builder.AddServiceDefaults();
builder.AddStage(ParseStage.Definition);
return await builder.Build().MapDefaultEndpoints().MapStage().RunServiceAsync();
