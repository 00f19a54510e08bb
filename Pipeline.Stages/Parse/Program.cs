using Pipeline.Contracts;
using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Hosting;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Stages.Parse;

var builder = WebApplication.CreateSlimBuilder(HostArguments.WithSettingsOf(args));
builder.AddServiceDefaults();
builder.AddStage(new("parse", Accepts: [BatchKinds.Lines], Emits: [BatchKinds.Events, BatchKinds.WorkItems], context => new ParseStage(context)));
return await builder.Build().MapDefaultEndpoints().MapStage().RunServiceAsync();
